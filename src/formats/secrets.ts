// secrets.ts - which values may be secrets (docs/rr.1, SECRETS). Knows no keys and hashes nothing.
import type { ByteString } from '../core/bytes.ts';

/** Gives the 16 hex digits that stand for a secret. */
export type SecretHasher = (secret: ByteString) => string;

const SECRET_WORDS = ['secret', 'secrets', 'credential', 'credentials', 'authorization', 'bearer', 'passcode', 'sshpass'];
// Also at the end of a word: PGPASSWORD, authtoken.
const SECRET_ENDINGS = ['password', 'passwd', 'passphrase', 'token', 'apikey', 'secretkey', 'accesskey', 'privatekey'];
const SECRET_PAIRS = ['api key', 'access key', 'private key', 'secret key', 'auth key', 'encryption key', 'signing key', 'db pass',
  'user pass', 'smtp pass', 'mysql pwd', 'db pwd'];
// --password-file names a file, not a password.
const HARMLESS_ENDS = ['file', 'path', 'dir', 'env', 'length', 'limit', 'size', 'count', 'name', 'type', 'id', 'url', 'policy'];

/** Is a variable, option or parameter of this name likely to hold a secret? */
export function isSecretName(name: ByteString): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '');
  const last = words[words.length - 1];
  if (last === undefined || (words.length > 1 && HARMLESS_ENDS.indexOf(last) >= 0)) return false;
  const isPair = words.some((word, i) => i > 0 && SECRET_PAIRS.indexOf(words[i - 1] + ' ' + word) >= 0);
  return isPair || words.some((word) => SECRET_WORDS.indexOf(word) >= 0 || SECRET_ENDINGS.some((ending) => word.endsWith(ending)));
}

// Shapes that are secrets whatever they are called: GitHub, GitLab, Slack, AWS, OpenAI-like keys, JWT.
const SECRET_SHAPES = [
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bsk-[A-Za-z0-9_-]{20,}/g,
];
// A JSON web token. Its first part is taken even where the others lack, or each "-eyJ" in it would be tried, which takes quadratic time.
const WEB_TOKEN = /\beyJ(?=[\w-]{8})[\w-]+(\.(?=[\w-]{8})[\w-]+\.(?=[\w-]{8})[\w-]+)?/g;
// Bytes are not characters here: \s would take the byte A0, which is a part of many letters, for a space.
// The scheme is looked for from its end, or each byte of a long word would be tried as its beginning.
const URL_PASSWORD = /(:\/\/(?<=[A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/)[^ \t-\r/@:'"]*:)([^ \t-\r/'"\0]+)(@)/g;
const BEARER = /(\b(?:Bearer|Basic)[ \t]+)([A-Za-z0-9+/=._~-]{8,})/g;
const AUTHORIZATION = /(\bAuthorization:[ \t]*)([^'"\r\n\0]+)/gi;
// A name and its sign: TOKEN=x, --token x, "token": "x", token = x; and the value behind it.
const NAMED = /(^|[ \t-\r'"?&#;,:/({[])(-{0,2})([A-Za-z_][A-Za-z0-9_.-]*)(['"]?(?:[ \t]*[=:][ \t]*|[ \t]+))/g;
const VALUE = /"[^"]*"|'[^']*'|[^ \t-\r'"&;|,)}\]\0]+/y;
// The shell puts the secret there, later.
const REFERENCE = /^"?(?:[A-Za-z]+ )?\$(?:[A-Za-z_][A-Za-z0-9_]*|\{[A-Za-z_][A-Za-z0-9_]*\})"?$/;

function mark(secret: ByteString, hash: SecretHasher): ByteString {
  return '\0{' + hash(secret) + '}';
}

function maskNamed(text: ByteString, hash: SecretHasher): ByteString {
  let masked = '';
  let from = 0;
  NAMED.lastIndex = 0;
  for (let found = NAMED.exec(text); found !== null; found = NAMED.exec(text)) {
    const [all, before, dashes, name, sign] = found;
    VALUE.lastIndex = found.index + all.length;
    // "token 5" in a sentence is no option: without a sign only --name value counts.
    // What follows "Authorization:" maskText has dealt with; it may be two words.
    const isNamed = (dashes !== '' || /[=:]/.test(sign)) && isSecretName(name) && !/^authorization:/i.test(name + sign);
    const value = isNamed ? VALUE.exec(text) : null;
    if (value === null || REFERENCE.test(value[0])) {
      NAMED.lastIndex = found.index + before.length + dashes.length + name.length; // the value may be a name itself
      continue;
    }
    masked += text.slice(from, value.index) + mark(value[0], hash);
    from = value.index + value[0].length;
    NAMED.lastIndex = from;
  }
  return masked + text.slice(from);
}

/** The text with every part that may be a secret replaced by NUL {HMAC} (see encodeWithheld). */
export function maskText(text: ByteString, hash: SecretHasher): ByteString {
  let masked = text.replace(URL_PASSWORD, (_, before: string, secret: string, after: string) => before + mark(secret, hash) + after);
  masked = masked.replace(AUTHORIZATION, (all: string, before: string, secret: string) => (REFERENCE.test(secret) ? all : before + mark(secret, hash)));
  masked = masked.replace(BEARER, (_, before: string, secret: string) => before + mark(secret, hash));
  for (const shape of SECRET_SHAPES) masked = masked.replace(shape, (secret) => mark(secret, hash));
  masked = masked.replace(WEB_TOKEN, (all: string, others: string | undefined) => (others === undefined ? all : mark(all, hash)));
  return maskNamed(masked, hash);
}

/** The value of something called `name`, masked whole if the name tells of a secret. */
export function maskValue(name: ByteString, value: ByteString, hash: SecretHasher): ByteString {
  return isSecretName(name) && value !== '' ? mark(value, hash) : maskText(value, hash);
}

const MARK = /(\0\{[0-9a-f]{16}\})/;

/** The text, which may have marks in it, with every one of these secrets masked wherever it stands. */
export function maskKnown(text: ByteString, secrets: ByteString[], hash: SecretHasher): ByteString {
  return secrets.reduce((masked, secret) => masked.split(MARK).map((part, i) => (
    i % 2 === 1 ? part : part.split(secret).join(mark(secret, hash))
  )).join(''), text);
}

/** Arguments with secrets masked: --password=X, --password X, NAME=X, URLs, tokens by their shape. */
export function maskArguments(argv: ByteString[], hash: SecretHasher): ByteString[] {
  return argv.map((argument, i) => {
    if (i > 1 && /(?:^|\/)curl$/.test(argv[0]) && /^(?:-u|--user|--proxy-user)$/.test(argv[i - 1])) return argument.replace(/:([^]+)$/, (_, secret: string) => ':' + mark(secret, hash));
    const option = i > 0 ? /^--?([A-Za-z_][A-Za-z0-9_.-]*)$/.exec(argv[i - 1]) : null;
    if (option !== null && isSecretName(option[1]) && !argument.startsWith('-')) return mark(argument, hash);
    // A script may begin with an assignment: only its value is the secret.
    if (i > 0 && /^-[a-z]*c$/.test(argv[i - 1])) return maskText(argument, hash);
    const assigned = /^(-{0,2})([A-Za-z_][A-Za-z0-9_.-]*)=([^]+)$/.exec(argument);
    if (assigned !== null && isSecretName(assigned[2])) return assigned[1] + assigned[2] + '=' + mark(assigned[3], hash);
    return maskText(argument, hash);
  });
}
