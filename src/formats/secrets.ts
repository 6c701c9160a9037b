// secrets.ts - which values may be secrets (docs/rr.1, SECRETS). Knows no keys and hashes nothing.
import type { ByteString } from '../core/bytes.ts';

/** Gives the 16 hex digits that stand for a secret. */
export type SecretHasher = (secret: ByteString) => string;

const SECRET_WORDS = ['password', 'passwd', 'passphrase', 'secret', 'token', 'apikey', 'credential', 'credentials', 'authorization', 'bearer'];
const SECRET_PAIRS = ['api key', 'access key', 'private key', 'secret key', 'auth key', 'encryption key', 'signing key'];
// --password-file names a file, not a password.
const HARMLESS_ENDS = ['file', 'path', 'dir', 'env', 'length', 'limit', 'size', 'count', 'name', 'type', 'id', 'url', 'policy'];

/** Is a variable, option or parameter of this name likely to hold a secret? */
export function isSecretName(name: ByteString): boolean {
  const words = name.replace(/([a-z0-9])([A-Z])/g, '$1 $2').toLowerCase().split(/[^a-z0-9]+/).filter((word) => word !== '');
  const last = words[words.length - 1];
  if (last === undefined || (words.length > 1 && HARMLESS_ENDS.indexOf(last) >= 0)) return false;
  const isPair = words.some((word, i) => i > 0 && SECRET_PAIRS.indexOf(words[i - 1] + ' ' + word) >= 0);
  return isPair || words.some((word) => SECRET_WORDS.indexOf(word) >= 0);
}

// Shapes that are secrets whatever they are called: GitHub, GitLab, Slack, AWS, OpenAI-like keys, JWT.
const SECRET_SHAPES = [
  /\bgh[pousr]_[A-Za-z0-9]{20,}/g,
  /\bgithub_pat_[A-Za-z0-9_]{20,}/g,
  /\bglpat-[A-Za-z0-9_-]{16,}/g,
  /\bxox[abeoprs]-[A-Za-z0-9-]{10,}/g,
  /\b(?:AKIA|ASIA)[A-Z0-9]{16}\b/g,
  /\bsk-[A-Za-z0-9_-]{20,}/g,
  /\beyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g,
];
const URL_PASSWORD = /([A-Za-z][A-Za-z0-9+.-]*:\/\/[^\s/@:'"]*:)([^\s/@'"]+)(@)/g;
const BEARER = /(\b(?:Bearer|Basic)\s+)([A-Za-z0-9+/=._~-]{8,})/g;
const NAMED = /(^|[\s'"?&;,({[])(-{0,2})([A-Za-z][A-Za-z0-9_.-]*)(=|:\s*|\s+)("[^"]*"|'[^']*'|[^\s'"&;|,)}\]\0]+)/g;

function mark(secret: ByteString, hash: SecretHasher): ByteString {
  return '\0{' + hash(secret) + '}';
}

function maskNamed(text: ByteString, hash: SecretHasher): ByteString {
  return text.replace(NAMED, (all: string, before: string, dashes: string, name: string, sign: string, value: string) => {
    // "token 5" in a sentence is no option: without a sign only --name value counts.
    if ((sign.trim() === '' && dashes === '') || !isSecretName(name)) return all;
    return before + dashes + name + sign + mark(value, hash);
  });
}

/** The text with every part that may be a secret replaced by NUL {HMAC} (see encodeWithheld). */
export function maskText(text: ByteString, hash: SecretHasher): ByteString {
  let masked = text.replace(URL_PASSWORD, (_, before: string, secret: string, after: string) => before + mark(secret, hash) + after);
  masked = masked.replace(BEARER, (_, before: string, secret: string) => before + mark(secret, hash));
  for (const shape of SECRET_SHAPES) masked = masked.replace(shape, (secret) => mark(secret, hash));
  return maskNamed(masked, hash);
}

/** The value of something called `name`, masked whole if the name tells of a secret. */
export function maskValue(name: ByteString, value: ByteString, hash: SecretHasher): ByteString {
  return isSecretName(name) && value !== '' ? mark(value, hash) : maskText(value, hash);
}

/** Arguments with secrets masked: --password=X, --password X, NAME=X, URLs, tokens by their shape. */
export function maskArguments(argv: ByteString[], hash: SecretHasher): ByteString[] {
  return argv.map((argument, i) => {
    const option = i > 0 ? /^--?([A-Za-z][A-Za-z0-9_.-]*)$/.exec(argv[i - 1]) : null;
    if (option !== null && isSecretName(option[1]) && !argument.startsWith('-')) return mark(argument, hash);
    const assigned = /^(-{0,2})([A-Za-z][A-Za-z0-9_.-]*)=([^]+)$/.exec(argument);
    if (assigned !== null && isSecretName(assigned[2])) return assigned[1] + assigned[2] + '=' + mark(assigned[3], hash);
    return maskText(argument, hash);
  });
}
