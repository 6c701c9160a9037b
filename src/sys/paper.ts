// paper.ts - reads a LaTeX paper with the parts that it takes in, as far as they lie in the project. Judges nothing, runs no TeX.
import type { ByteString } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { dropEndSlashes, folderOfName, joinNames, normalizeName } from '../core/names.ts';
import type { Paper, PaperInclusion, PaperUse } from '../core/paper.ts';
import { makeHarmless } from '../formats/percent.ts';
import { scanTex } from '../formats/tex.ts';
import type { TexCommands, TexUse } from '../formats/tex.ts';
import { LATEX_VALUES_HEAD } from '../views/latexvalues.ts';
import { lstatIfThere, readBytesIfThere, readNamedIfThere, statIfThere } from './files.ts';
import { resolveLinks } from './machine.ts';
import { relativeTo } from './project.ts';
import type { Project } from './project.ts';

const VALUE_COMMANDS: { [name: string]: PaperUse['kind'] } = {
  rr: 'value', rrid: 'value', rrnote: 'value', rrrun: 'fact', rrdate: 'fact', rrstarted: 'fact', rrwall: 'fact', rrcommit: 'fact', rrswhid: 'fact',
  rrresult: 'file', rrsize: 'file', rrhash: 'file', rrmaker: 'file',
};

/** Commands that take a file in: what it is for them, and which argument is its name. `ending` is put behind a name without it. */
type Including = { kind: PaperInclusion['kind']; form: string; argument: number; ending: string };

const INCLUDING: { [name: string]: Including } = {
  input: { kind: 'text', form: 'f', argument: 0, ending: '.tex' },
  include: { kind: 'text', form: 'm', argument: 0, ending: '.tex' },
  subfile: { kind: 'text', form: 'm', argument: 0, ending: '.tex' },
  import: { kind: 'text', form: '*mm', argument: 1, ending: '.tex' },
  subimport: { kind: 'text', form: '*mm', argument: 1, ending: '.tex' },
  includegraphics: { kind: 'picture', form: '*oom', argument: 0, ending: '' },
  includesvg: { kind: 'picture', form: 'om', argument: 0, ending: '.svg' },
  includepdf: { kind: 'picture', form: 'om', argument: 0, ending: '.pdf' },
  lstinputlisting: { kind: 'listing', form: 'om', argument: 0, ending: '' },
  verbatiminput: { kind: 'listing', form: '*m', argument: 0, ending: '' },
  VerbatimInput: { kind: 'listing', form: '*om', argument: 0, ending: '' },
  inputminted: { kind: 'listing', form: 'omm', argument: 1, ending: '' },
  pgfplotstableread: { kind: 'data', form: 'om', argument: 0, ending: '' },
  pgfplotstabletypeset: { kind: 'data', form: 'om', argument: 0, ending: '' },
  csvreader: { kind: 'data', form: 'om', argument: 0, ending: '.csv' },
  csvautotabular: { kind: 'data', form: '*om', argument: 0, ending: '.csv' },
  DTLloaddb: { kind: 'data', form: 'omm', argument: 1, ending: '' },
  // \\addplot+ [red] table [x=a] {data.csv}; "3" is no letter, so that \\addplot3 is this, too.
  addplot: { kind: 'data', form: '+otom', argument: 0, ending: '' },
};

const PAPER_COMMANDS: TexCommands = { graphicspath: 'm', DeclareGraphicsExtensions: 'm' };
for (const name of Object.keys(VALUE_COMMANDS)) PAPER_COMMANDS[name] = 'm';
for (const name of Object.keys(INCLUDING)) PAPER_COMMANDS[name] = INCLUDING[name].form;

// As pdfLaTeX tries them (graphics-def, pdftex.def), then those of latex with dvips.
const PICTURE_ENDINGS = ['.pdf', '.png', '.jpg', '.mps', '.jpeg', '.jbig2', '.jb2', '.PDF', '.PNG', '.JPG', '.JPEG', '.JBIG2', '.JB2', '.eps', '.ps'];

const LARGEST_TEX_BYTES = 32 << 20;
const MOST_TEX_FILES = 1000;

type PaperPlace = Pick<TexUse, 'line'> & { file: ByteString };

class PaperReader {
  readonly paper: Paper = { uses: [], inclusions: [], macros: [], notes: [] };
  private readonly project: Project;
  /** Folder in which TeX runs: that of the paper. */
  private readonly folder: ByteString;
  /** What stands before names that are relative to it, so that an editor finds them. */
  private readonly before: ByteString;
  private readonly seen = new Set<ByteString>();
  private pictureFolders: ByteString[] = [''];
  private pictureEndings = PICTURE_ENDINGS;

  constructor(project: Project, name: ByteString, given: ByteString) {
    this.project = project;
    this.folder = folderOfName(name);
    this.before = given.slice(0, given.lastIndexOf('/') + 1);
  }

  private note(place: PaperPlace, text: ByteString): void {
    this.paper.notes.push({ file: place.file, line: place.line, text, isFault: false });
  }

  /** `name` is absolute and in the project. */
  read(name: ByteString, shown: ByteString): void {
    if (this.seen.has(name)) return;
    this.seen.add(name);
    const stat = statIfThere(name);
    if (stat === undefined || !stat.isFile()) throw new Failure('cannot read "' + makeHarmless(shown) + '": there is no such file', '', EXIT.differs);
    if (stat.size > LARGEST_TEX_BYTES || this.seen.size > MOST_TEX_FILES) throw new Failure('cannot read "' + makeHarmless(shown) + '": too large, or too many files', '', EXIT.differs);
    const text = readBytesIfThere(name) ?? '';
    if (text.startsWith(LATEX_VALUES_HEAD) || text.startsWith(LATEX_VALUES_HEAD.replace('\n', '\r\n'))) {
      this.paper.macros.push({ file: shown, text });
      return;
    }
    for (const use of scanTex(text, PAPER_COMMANDS)) this.take(use, { file: shown, line: use.line });
  }

  private take(use: TexUse, place: PaperPlace): void {
    const kind = VALUE_COMMANDS[use.name];
    if (kind !== undefined) this.paper.uses.push({ kind, key: use.args[0], command: use.name, ...place });
    else if (use.name === 'graphicspath') this.pictureFolders = [''].concat(Array.from(use.args[0].matchAll(/\{([^{}]*)\}/g), (part) => part[1]));
    else if (use.name === 'DeclareGraphicsExtensions') this.pictureEndings = use.args[0].split(',').map((one) => one.trim());
    else this.takeFile(INCLUDING[use.name], use, place);
  }

  private takeFile(including: Including, use: TexUse, place: PaperPlace): void {
    const { kind, argument } = including;
    const before = argument === 1 && kind === 'text' ? dropEndSlashes(use.args[0]) + '/' : '';
    const name = (before + use.args[argument]).replace(/^"([^"]*)"$/, '$1').trim();
    // Data may stand in the braces themselves, or a macro that holds them.
    if (name === '' || (kind === 'data' && (/[\n\\]/.test(use.args[argument]) || !/\.[A-Za-z0-9]+$/.test(name)))) return;
    if (/[#\\|$~^]/.test(name)) {
      this.note(place, '\\' + use.name + '{' + makeHarmless(name) + '}: which file that is cannot be told here; not looked at');
      return;
    }
    const inclusion: PaperInclusion = { kind, name, found: undefined, why: '', ...place };
    const real = this.findFile(kind, name, including.ending);
    if (real === undefined) inclusion.why = 'there is no such file';
    else if (!real.startsWith(this.project.root + '/')) inclusion.why = 'it lies outside the project';
    else inclusion.found = { name: real, path: relativeTo(this.project, real) };
    // TeX finds more than rr does: what its installation brings is not looked for.
    if (inclusion.found === undefined && kind === 'text') this.note(place, '\\' + use.name + '{' + makeHarmless(name) + '}: not followed, ' + inclusion.why);
    else this.paper.inclusions.push(inclusion);
    if (inclusion.found !== undefined && kind === 'text') this.read(inclusion.found.name, this.show(inclusion.found.name));
  }

  /** As an editor finds it from the current folder. */
  private show(name: ByteString): ByteString {
    return name.startsWith(this.folder + '/') ? this.before + name.slice(this.folder.length + 1) : name;
  }

  /** The name that TeX would take, links resolved; undefined if there is none. */
  private findFile(kind: PaperInclusion['kind'], name: ByteString, ending: string): ByteString | undefined {
    const endings = kind === 'picture' && ending === '' ? [''].concat(this.pictureEndings) : ending === '' ? [''] : kind === 'text' ? [ending, ''] : ['', ending];
    for (const one of endings) {
      for (const folder of kind === 'picture' ? this.pictureFolders : ['']) {
        const candidate = normalizeName(joinNames(this.folder, folder + name + one));
        if (lstatIfThere(candidate) !== undefined && statIfThere(candidate)?.isFile() === true) return resolveLinks(candidate);
      }
    }
    return undefined;
  }
}

/** Reads a paper; `name` is absolute, `given` as the person wrote it. `macros`: a file of macros beside those that it takes in. */
export function readPaper(project: Project, folder: ByteString, given: ByteString, macros: ByteString | undefined): Paper {
  const name = resolveLinks(normalizeName(joinNames(folder, given)));
  if (!name.startsWith(project.root + '/')) throw new Failure('cannot check "' + makeHarmless(given) + '": it does not lie in the project', '', EXIT.usage);
  const reader = new PaperReader(project, name, given);
  reader.read(name, given);
  const { paper } = reader;
  if (macros !== undefined) {
    const text = readNamedIfThere(joinNames(folder, macros));
    if (text === undefined) throw new Failure('cannot read "' + makeHarmless(macros) + '": there is no such file', '', EXIT.differs);
    if (!paper.macros.some((one) => one.file === macros)) paper.macros.push({ file: macros, text });
  }
  return paper;
}
