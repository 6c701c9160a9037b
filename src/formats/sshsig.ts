// sshsig.ts - keys and signatures of OpenSSH as bytes: PROTOCOL.sshsig, PROTOCOL.key, RFC 4253, 5656, 8709. Computes nothing.
import type { ByteString } from '../core/bytes.ts';
import { lookUp } from '../core/bytes.ts';
import { joinAtStars } from '../core/glob.ts';

function printU32(value: number): ByteString {
  return String.fromCharCode((value >>> 24) & 255, (value >>> 16) & 255, (value >>> 8) & 255, value & 255);
}

/** A string of SSH (RFC 4251, 5): its length in four bytes, and it. */
export function printSshString(bytes: ByteString): ByteString {
  return printU32(bytes.length) + bytes;
}

/** Reads SSH's data types one after another; `isWrong` once something is not there. */
class SshReader {
  isWrong = false;
  private at: number;
  private readonly bytes: ByteString;
  constructor(bytes: ByteString, at = 0) {
    this.bytes = bytes;
    this.at = at;
  }
  u32(): number {
    if (this.at + 4 > this.bytes.length) this.isWrong = true;
    let value = 0;
    for (let i = 0; i < 4; i++) value = value * 256 + (this.isWrong ? 0 : this.bytes.charCodeAt(this.at + i));
    this.at += 4;
    return value;
  }
  string(): ByteString {
    const length = this.u32();
    if (this.isWrong || this.at + length > this.bytes.length) this.isWrong = true;
    const value = this.isWrong ? '' : this.bytes.slice(this.at, this.at + length);
    this.at += length;
    return value;
  }
  isAtEnd(): boolean {
    return this.at === this.bytes.length;
  }
}

const SSHSIG_MAGIC = 'SSHSIG';

/** publicKey: as in a line of authorized_keys, decoded. algorithm and bytes: of the signature itself. */
export type SshSignature = { publicKey: ByteString; namespace: ByteString; hashName: ByteString; algorithm: ByteString; bytes: ByteString };

/** The content of an SSH SIGNATURE, decoded; undefined if it is none. */
export function parseSshSignature(blob: ByteString): SshSignature | undefined {
  if (!blob.startsWith(SSHSIG_MAGIC)) return undefined;
  const reader = new SshReader(blob, SSHSIG_MAGIC.length);
  const version = reader.u32();
  const publicKey = reader.string();
  const namespace = reader.string();
  reader.string();
  const hashName = reader.string();
  const inner = new SshReader(reader.string());
  const algorithm = inner.string();
  const bytes = inner.string();
  // A key of hardware appends flags and a counter.
  const isWhole = !reader.isWrong && !inner.isWrong && reader.isAtEnd() && (inner.isAtEnd() || algorithm.startsWith('sk-'));
  return version === 1 && isWhole ? { publicKey, namespace, hashName, algorithm, bytes } : undefined;
}

export function printSshSignature(one: SshSignature): ByteString {
  return SSHSIG_MAGIC + printU32(1) + printSshString(one.publicKey) + printSshString(one.namespace) + printSshString('') + printSshString(one.hashName)
    + printSshString(printSshString(one.algorithm) + printSshString(one.bytes));
}

/** The bytes that the key signs: `digest` is the hash of the message. */
export function printSignedBytes(namespace: ByteString, hashName: ByteString, digest: ByteString): ByteString {
  return SSHSIG_MAGIC + printSshString(namespace) + printSshString('') + printSshString(hashName) + printSshString(digest);
}

/** Base64 between the lines that begin and end it, in lines of 70. */
export function printArmor(name: string, base64: string): string {
  return '-----BEGIN ' + name + '-----\n' + base64.replace(/(.{70})(?=.)/g, '$1\n') + '\n-----END ' + name + '-----\n';
}

/** Is this Base64 as OpenSSH takes it (b64_pton): in whole fours, filled up with "=", the bits that are left over 0? */
function isWholeBase64(text: string): boolean {
  return text !== '' && text.length % 4 === 0 && /^[A-Za-z0-9+/]*(?:[AQgw]==|[AEIMQUYcgkosw048]=)?$/.test(text);
}

/** The base64 in such a text; undefined if there is none. */
export function parseArmor(name: string, text: ByteString): string | undefined {
  const begin = '-----BEGIN ' + name + '-----\n';
  const lines = text.replace(/\r\n/g, '\n');
  const end = lines.indexOf('\n-----END ' + name + '-----');
  if (!lines.startsWith(begin) || end < begin.length) return undefined;
  const base64 = lines.slice(begin.length, end).replace(/\n/g, '');
  return isWholeBase64(base64) ? base64 : undefined;
}

// ---- keys -------------------------------------------------------------------------------------------------

const ED25519 = 'ssh-ed25519';
// RFC 8410: SubjectPublicKeyInfo and PKCS #8 of Ed25519, but for the last 32 bytes.
const ED25519_SPKI = '\x30\x2a\x30\x05\x06\x03\x2b\x65\x70\x03\x21\x00';
const ED25519_PKCS8 = '\x30\x2e\x02\x01\x00\x30\x05\x06\x03\x2b\x65\x70\x04\x22\x04\x20';
const RSA_OID = '\x06\x09\x2a\x86\x48\x86\xf7\x0d\x01\x01\x01';
const EC_OID = '\x06\x07\x2a\x86\x48\xce\x3d\x02\x01';
const CURVES: { [name: string]: ByteString } = { nistp256: '\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07', nistp384: '\x06\x05\x2b\x81\x04\x00\x22', nistp521: '\x06\x05\x2b\x81\x04\x00\x23' };

/** A value of DER (X.690): tag, length, content. */
function printDer(tag: number, content: ByteString): ByteString {
  const { length } = content;
  const size = length < 128 ? String.fromCharCode(length) : length < 256 ? '\x81' + String.fromCharCode(length) : '\x82' + String.fromCharCode(length >> 8, length & 255);
  return String.fromCharCode(tag) + size + content;
}

// As OpenSSH has it (SSHBUF_MAX_BIGNUM): 16,384 bits.
const MOST_NUMBER_BYTES = 2049;

/** A whole number of SSH (mpint, RFC 4251, 5) as INTEGER of DER, without needless zeros; undefined if it is negative or too long. */
function printDerNumber(mpint: ByteString): ByteString | undefined {
  if (mpint.length > MOST_NUMBER_BYTES || mpint.charCodeAt(0) >= 128) return undefined;
  const digits = mpint.replace(/^\0+/, '');
  return printDer(2, digits === '' || digits.charCodeAt(0) >= 128 ? '\0' + digits : digits);
}

/** Type of a public key of SSH; '' if it is none. */
export function readKeyType(blob: ByteString): ByteString {
  const reader = new SshReader(blob);
  const type = reader.string();
  return reader.isWrong || !/^[a-z0-9@.-]+$/.test(type) ? '' : type;
}

/** The public key of SSH of 32 bytes of Ed25519. */
export function printEd25519Key(key: ByteString): ByteString {
  return printSshString(ED25519) + printSshString(key);
}

/** PKCS #8 of a seed of Ed25519, DER. */
export function printEd25519Private(seed: ByteString): ByteString {
  return ED25519_PKCS8 + seed;
}

/** The 32 bytes in DER of a public key of Ed25519 (SubjectPublicKeyInfo); undefined if it is another. */
export function readEd25519Public(der: ByteString): ByteString | undefined {
  return der.startsWith(ED25519_SPKI) && der.length === ED25519_SPKI.length + 32 ? der.slice(ED25519_SPKI.length) : undefined;
}

/** A public key of SSH as SubjectPublicKeyInfo, DER; undefined if it is of a kind that is not known here. */
export function printPublicDer(blob: ByteString): ByteString | undefined {
  const reader = new SshReader(blob);
  const type = reader.string();
  const first = reader.string();
  if (type === ED25519) return first.length === 32 && reader.isAtEnd() ? ED25519_SPKI + first : undefined;
  const second = reader.string();
  if (reader.isWrong || !reader.isAtEnd()) return undefined;
  if (type === 'ssh-rsa') {
    const [modulus, exponent] = [printDerNumber(second), printDerNumber(first)];
    if (modulus === undefined || exponent === undefined) return undefined;
    const key = printDer(0x30, modulus + exponent);
    return printDer(0x30, printDer(0x30, RSA_OID + '\x05\x00') + printDer(3, '\0' + key));
  }
  const curve = lookUp(CURVES, first);
  if (type !== 'ecdsa-sha2-' + first || curve === undefined || second.length > MOST_NUMBER_BYTES) return undefined;
  return printDer(0x30, printDer(0x30, EC_OID + curve) + printDer(3, '\0' + second));
}

/** Of a signature of ECDSA in SSH's form DER's; undefined if it is none. */
export function printEcdsaDer(bytes: ByteString): ByteString | undefined {
  const reader = new SshReader(bytes);
  const r = printDerNumber(reader.string());
  const s = printDerNumber(reader.string());
  return r === undefined || s === undefined || reader.isWrong || !reader.isAtEnd() ? undefined : printDer(0x30, r + s);
}

export type SshPrivateKey = { kind: 'ed25519'; seed: ByteString; publicKey: ByteString } | { kind: 'other' };

/** A private key in OpenSSH's own form, decoded: of Ed25519 without passphrase, or one that only ssh-keygen reads; undefined if it is none. */
export function parseSshPrivateKey(blob: ByteString): SshPrivateKey | undefined {
  const magic = 'openssh-key-v1\0';
  if (!blob.startsWith(magic)) return undefined;
  const reader = new SshReader(blob, magic.length);
  const cipher = reader.string();
  reader.string();
  reader.string();
  const count = reader.u32();
  const publicKey = reader.string();
  const inner = new SshReader(reader.string());
  if (reader.isWrong) return undefined;
  if (cipher !== 'none' || count !== 1 || readKeyType(publicKey) !== ED25519) return { kind: 'other' };
  const isSame = inner.u32() === inner.u32();
  const type = inner.string();
  const own = inner.string();
  const both = inner.string();
  const isKey = !inner.isWrong && isSame && type === ED25519 && both.length === 64 && both.slice(32) === own && publicKey === printEd25519Key(own);
  return isKey ? { kind: 'ed25519', seed: both.slice(0, 32), publicKey } : undefined;
}

/** Who may have signed: a line of allowed_signers, or a public key. `base64` is the key; `type`: as the line has it. */
export type AllowedSigner = { principals: ByteString; type: string; base64: string; namespaces: string[] | undefined };

/**
 * The lines of allowed_signers (ssh-keygen(1)), or public keys one a line. Authorities of certificates are passed over,
 * and so is a line with other options than namespaces: whom it allows for some time only is not allowed without a clock.
 */
export function parseAllowedSigners(text: ByteString): AllowedSigner[] {
  const signers: AllowedSigner[] = [];
  for (const line of text.split(/\r?\n/)) {
    const words: string[] = line.trim().match(/(?:[^ \t"]|"[^"]*(?:"|$))+/g) ?? [];
    const at = words.findIndex((word, i) => i + 1 < words.length && /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+$/.test(word) && isWholeBase64(words[i + 1]));
    if (at < 0 || at > 2 || words[0][0] === '#') continue;
    const option = at === 2 ? /^namespaces="([^"\\]*)"$/i.exec(words[1]) : undefined;
    if (option === null) continue;
    signers.push({ principals: at === 0 ? words.slice(2).join(' ') : words[0], type: words[at], base64: words[at + 1], namespaces: option?.[1].split(',') });
  }
  return signers;
}

/** May it have signed for this purpose (without "/")? Namespaces are patterns with "*" and "?"; one behind "!" excludes what it matches. */
export function isAllowedFor({ namespaces }: AllowedSigner, namespace: string): boolean {
  if (namespaces === undefined) return true;
  const matches = (pattern: string): boolean => {
    const parts = pattern.split('*').map((part) => part.replace(/[^A-Za-z0-9?]/g, '\\$&').replace(/\?/g, '.'));
    return new RegExp('^' + joinAtStars(parts, { count: 0 }) + '$').test(namespace);
  };
  return namespaces.some((one) => one[0] !== '!' && matches(one)) && !namespaces.some((one) => one[0] === '!' && matches(one.slice(1)));
}
