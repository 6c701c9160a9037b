// filerules.ts - what a file that a run touched counts as (docs/rr.1, FILES A RUN TOUCHES). Knows no files.
import type { ByteString } from './bytes.ts';
import { dropAtEnd } from './bytes.ts';
import { Failure } from './failure.ts';
import type { GroupNames } from './glob.ts';
import { joinAtStars, LONGEST_PATTERN } from './glob.ts';

/**
 * project, outside: recorded one by one. system: folded into the environment. temporary: left out
 * and counted, unless it was there before the run: then it is data from outside. ignored: left out
 * and counted.
 */
export type PathClass = 'project' | 'outside' | 'system' | 'temporary' | 'ignored';

const CLASS_NAMES = ['project', 'outside', 'system', 'temporary', 'ignored'];

/**
 * The rules that hold without a provenance/files.txt, in its syntax: "CLASS PATTERN", and the last
 * line that matches decides. "%project/" is the project's folder, "~/" the user's, "%tmp/" is
 * $TMPDIR. A pattern that ends in "/" is that folder and all below it; in others "*" and "?" match within
 * one part of a path; a "**" and "/" at the beginning are any number of folders.
 */
export const DEFAULT_FILE_RULES = `
system /usr/
system /bin/
system /sbin/
system /lib/
system /lib32/
system /lib64/
system /libx32/
system /etc/
system /opt/
system /snap/
system /boot/
system /nix/
system /gnu/
system /var/lib/
system ~/.local/lib/
system ~/.local/share/
system ~/.pyenv/
system ~/.conda/
system ~/miniconda3/
system ~/anaconda3/
system ~/miniforge3/
system ~/mambaforge/
system ~/micromamba/
system ~/R/
system ~/.cargo/
system ~/.rustup/
system ~/.julia/
system ~/.juliaup/
system ~/.nvm/
system ~/.npm/
system ~/.rbenv/
system ~/.gem/
system ~/.opam/
system ~/.sdkman/
system ~/.m2/
system ~/.guix-profile/
system ~/.nix-profile/
system ~/go/pkg/
temporary /tmp/
temporary /var/tmp/
temporary /dev/shm/
temporary %tmp/
project %project/
system **/site-packages/
system **/dist-packages/
system **/node_modules/
system **/renv/library/
system **/conda-meta/
system **/pyvenv.cfg
system **/.venv/
ignored /dev/
temporary /dev/shm/
ignored /dev/shm/sem.*
ignored /proc/
ignored /sys/
ignored /run/
ignored /var/run/
ignored /var/cache/
ignored /var/log/
ignored ~/.cache/
ignored ~/.texlive*/
ignored ~/.fontconfig/
ignored ~/.config/matplotlib/fontlist*
ignored /etc/ld.so.cache
ignored /etc/ld.so.preload
ignored /etc/passwd
ignored /etc/group
ignored /etc/nsswitch.conf
ignored /etc/resolv.conf
ignored /etc/hosts
ignored /etc/host.conf
ignored /etc/hostname
ignored /etc/machine-id
ignored /etc/mtab
ignored **/locale-archive
ignored **/.git/
ignored **/.hg/
ignored **/.svn/
ignored **/gconv-modules.cache
`;

type Rule = { what: PathClass; test: RegExp };

export type FileRulePlaces = {
  /** Absolute; links resolved. */
  project: ByteString;
  /** '': nobody knows, and no rule for it fits. */
  home: ByteString;
  temporary: ByteString;
};

function escapeInRule(text: ByteString, names: GroupNames): string {
  return text.split('/').map((part) => {
    const sources = part.split('*').map((one) => one.replace(/[\\^$.+()[\]{}|/-]/g, '\\$&').replace(/\?/g, '[^/]'));
    return joinAtStars(sources, names);
  }).join('\\/');
}

/** Source of the expression for one pattern; a relative one is meant within the project. */
function translateRule(pattern: ByteString, places: FileRulePlaces, names: GroupNames): string {
  const below = pattern.endsWith('/') ? '(?:\\/[^]*)?' : '';
  const named = pattern.replace(/\/$/, '');
  const within = (folder: ByteString, rest: ByteString): string => folder.replace(/\/$/, '').replace(/[\\^$.*+?()[\]{}|/-]/g, '\\$&') + (rest === '' ? '' : '\\/' + escapeInRule(rest, names)) + below;
  if (pattern.startsWith('**/')) return '(?:[^]*\\/)?' + escapeInRule(named.slice(3), names) + below;
  if (pattern.startsWith('~/')) return places.home === '' ? '(?!)' : within(places.home, named.slice(2));
  if (pattern.startsWith('%tmp/')) return within(places.temporary, named.slice(5));
  if (pattern.startsWith('%project/')) return within(places.project, named.slice(9));
  return pattern[0] === '/' ? escapeInRule(named, names) + below : within(places.project, named);
}

/** Rules in their order, neighbours of one class as one expression. Throws Failure with FILE:LINE. */
function parseFileRules(text: ByteString, file: string, places: FileRulePlaces): Rule[] {
  const groups: { what: PathClass; sources: string[] }[] = [];
  const names = { count: 0 };
  text.split('\n').forEach((line, i) => {
    if (/^\s*(#|$)/.test(line)) return;
    const parts = /^[ \t]*([a-z]+)[ \t]+([^ \t\r][^]*)$/.exec(dropAtEnd(line, ' \t\r'));
    if (parts === null || CLASS_NAMES.indexOf(parts[1]) < 0) {
      throw new Failure('cannot read "' + file + '": line ' + String(i + 1) + ': not "CLASS PATTERN"', 'CLASS is one of ' + CLASS_NAMES.join(', '));
    }
    if (parts[2].length > LONGEST_PATTERN) throw new Failure('cannot read "' + file + '": line ' + String(i + 1) + ': a pattern of more than ' + String(LONGEST_PATTERN) + ' bytes', 'no path is as long');
    const what = parts[1] as PathClass;
    const source = translateRule(parts[2], places, names);
    const last = groups[groups.length - 1];
    if (last === undefined || last.what !== what) groups.push({ what, sources: [source] });
    else last.sources.push(source);
  });
  return groups.map(({ what, sources }) => ({ what, test: new RegExp('^(?:' + sources.join('|') + ')$') }));
}

/**
 * A function that tells the class of an absolute path. `extension` is the text of the project's
 * own rules ('' if there are none), `file` its name for faults.
 */
export function makeClassifier(places: FileRulePlaces, extension: ByteString, file: string): (path: ByteString) => PathClass {
  const rules = parseFileRules(DEFAULT_FILE_RULES, 'DEFAULT_FILE_RULES', places).concat(parseFileRules(extension, file, places)).reverse();
  return (path) => {
    for (const rule of rules) if (rule.test.test(path)) return rule.what;
    return 'outside';
  };
}

const SECRET_FILE = new RegExp('(?:^|/)(?:' + [
  '[._]netrc', '\\.pgpass', '\\.my\\.cnf', '\\.git-credentials', '\\.pypirc', '\\.npmrc', '\\.env(?:\\.[^/]+)?', '\\.Renviron', '\\.s3cfg', '\\.boto',
  '\\.htpasswd', 'kaggle\\.json', 'credentials(?:\\.json|\\.db)?', 'application_default_credentials\\.json', 'secrets?\\.(?:json|ya?ml|toml|ini|txt)',
  '\\.docker/config\\.json', '\\.kube/config', '\\.ssh/[^/]+', '\\.gnupg/[^]+', '\\.aws/[^/]+', '\\.config/gh/hosts\\.yml', 'id_(?:rsa|dsa|ecdsa|ed25519)',
  '[^/]+\\.(?:pem|key|p12|pfx|keytab|kdbx)', '\\.huggingface/token', 'huggingface/token', '\\.vault-token', '\\.cdsapirc', '\\.dockercfg',
].join('|') + ')$');

/**
 * Is a file of this name likely to hold a secret? Then not even its SHA-256 is stored, from which a
 * short secret could be found by trying, but a keyed hash (docs/rr.1, SECRETS).
 */
export function isSecretFile(path: ByteString): boolean {
  return SECRET_FILE.test(path);
}
