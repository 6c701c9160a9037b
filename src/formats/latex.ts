// latex.ts - text as LaTeX that every engine sets, without packages. Decides nothing.
import type { ByteString } from '../core/bytes.ts';
import { codePointAt, utf8SequenceLength } from '../core/bytes.ts';

// The result is LATEX_ASCII: what a font encoding (OT1, which is the default) lacks would be an error, so
// letters with accents are put together, signs come from mathematics, and any other character is
// shown by LuaLaTeX and XeLaTeX, and by its number where the engine cannot.

/** To stand once before what escapeLatex() gave, for the characters that not every engine can show. */
export const LATEX_DEFINITION = '\\providecommand*{\\rrcharacter}[1]{\\ifx\\Umathchar\\undefined[U+#1]\\else\\symbol{"#1}\\fi}\n';

const LATEX_ASCII: { [character: string]: string } = {
  '\\': '\\textbackslash{}', '{': '\\{', '}': '\\}', '$': '\\$', '&': '\\&', '#': '\\#', '%': '\\%', '_': '\\_', '^': '\\^{}', '~': '\\~{}',
  '<': '\\ensuremath{<}', '>': '\\ensuremath{>}', '|': '\\ensuremath{|}', '"': '{\\ttfamily\\char34}',
  // Two of these would become one sign; "[" or "*" at the start of a row would belong to the end of the row before.
  '-': '-{}', "'": "'{}", '`': '`{}', ',': ',{}', '!': '!{}', '?': '?{}', '[': '{[}', ']': '{]}', '*': '{*}',
};

const LATEX_ACCENTS: { [code: number]: string } = {
  0x300: '`', 0x301: "'", 0x302: '^', 0x303: '~', 0x304: '=', 0x306: 'u', 0x307: '.', 0x308: '"', 0x30a: 'r', 0x30b: 'H', 0x30c: 'v', 0x323: 'd', 0x327: 'c', 0x331: 'b',
};

const GREEK = 'alpha beta gamma delta varepsilon zeta eta theta iota kappa lambda mu nu xi o pi rho varsigma sigma tau upsilon varphi chi psi omega'.split(' ');
const GREEK_CAPITALS: { [code: number]: string } = { 0x393: 'Gamma', 0x394: 'Delta', 0x398: 'Theta', 0x39b: 'Lambda', 0x39e: 'Xi', 0x3a0: 'Pi', 0x3a3: 'Sigma', 0x3a5: 'Upsilon', 0x3a6: 'Phi', 0x3a8: 'Psi', 0x3a9: 'Omega' };

const LATEX_LETTERS: { [code: number]: string } = {
  0xa0: '~', 0xa1: '{\\textexclamdown}', 0xbf: '{\\textquestiondown}', 0xa3: '\\pounds{}', 0xa7: '\\S{}', 0xa9: '\\copyright{}', 0xb6: '\\P{}', 0xc6: '\\AE{}', 0xe6: '\\ae{}',
  0xd8: '\\O{}', 0xf8: '\\o{}', 0xdf: '\\ss{}', 0x131: '\\i{}', 0x141: '\\L{}', 0x142: '\\l{}', 0x152: '\\OE{}', 0x153: '\\oe{}',
  0x2013: '{\\textendash}', 0x2014: '{\\textemdash}', 0x2018: '{\\textquoteleft}', 0x2019: '{\\textquoteright}', 0x201c: '{\\textquotedblleft}', 0x201d: '{\\textquotedblright}', 0x2026: '\\ldots{}',
};

const LATEX_MATH: { [code: number]: string } = {
  0xac: '\\neg', 0xb0: '^\\circ', 0xb1: '\\pm', 0xb2: '^2', 0xb3: '^3', 0xb5: '\\mu', 0xb7: '\\cdot', 0xb9: '^1', 0xd7: '\\times', 0xf7: '\\div', 0x3f5: '\\epsilon', 0x3d5: '\\phi', 0x3d1: '\\vartheta',
  0x2020: '\\dagger', 0x2022: '\\bullet', 0x2032: "'", 0x2190: '\\leftarrow', 0x2192: '\\rightarrow', 0x2194: '\\leftrightarrow', 0x21d2: '\\Rightarrow', 0x2200: '\\forall', 0x2202: '\\partial',
  0x2203: '\\exists', 0x2207: '\\nabla', 0x2208: '\\in', 0x2211: '\\sum', 0x2212: '-', 0x221a: '\\surd', 0x221e: '\\infty', 0x222b: '\\int', 0x2248: '\\approx', 0x2260: '\\neq', 0x2264: '\\leq', 0x2265: '\\geq',
};

function nameGreek(code: number): string | undefined {
  if (code >= 0x3b1 && code <= 0x3c9) return code === 0x3bf ? undefined : '\\' + GREEK[code - 0x3b1];
  return GREEK_CAPITALS[code] === undefined ? undefined : '\\' + GREEK_CAPITALS[code];
}

function printNumbered(code: number): string {
  return '\\rrcharacter{' + code.toString(16).toUpperCase().padStart(4, '0') + '}';
}

/** An LATEX_ASCII letter with accents that LaTeX knows, inmost first; undefined if it is no such. */
function printAccented(code: number): string | undefined {
  const [base, ...marks] = Array.from(String.fromCodePoint(code).normalize('NFD'));
  const accents = marks.map((mark) => LATEX_ACCENTS[mark.codePointAt(0) as number]);
  if (marks.length === 0 || !/^[A-Za-z]$/.test(base) || accents.indexOf(undefined as unknown as string) >= 0) return undefined;
  const isAbove = accents.some((accent) => accent !== 'd' && accent !== 'c' && accent !== 'b');
  const letter = isAbove && (base === 'i' || base === 'j') ? '\\' + base + '{}' : base;
  return accents.reduce((text, accent) => '\\' + accent + '{' + text + '}', letter);
}

function printCharacter(code: number): string {
  if (code === 0x3bf) return 'o';
  const math = LATEX_MATH[code] ?? nameGreek(code);
  return LATEX_LETTERS[code] ?? (math !== undefined ? '\\ensuremath{' + math + '}' : printAccented(code) ?? printNumbered(code));
}

/** UTF-8 text without control characters (makeHarmless) for a row of a tabular. Bytes that are not UTF-8 are shown by their number. */
export function escapeLatex(text: ByteString): string {
  if (/^[A-Za-z0-9 .:;()/+=@]*$/.test(text)) return text;
  let escaped = '';
  for (let at = 0; at < text.length;) {
    const length = Math.max(1, utf8SequenceLength(text, at));
    const code = codePointAt(text, at);
    escaped += code < 0x80 ? LATEX_ASCII[text[at]] ?? text[at] : printCharacter(code);
    at += length;
  }
  return escaped;
}
