// signing.ts - makes and checks signatures of statements: with node:crypto, else with ssh-keygen. Keeps no key and prints none.
import type { ByteString } from '../core/bytes.ts';
import { dropAtEnd } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { isAllowedFor, parseAllowedSigners, parseArmor, parseSshPrivateKey, parseSshSignature, printArmor, printEcdsaDer, printEd25519Key, printEd25519Private, printPublicDer, printSignedBytes, printSshSignature, readEd25519Public, readKeyType } from '../formats/sshsig.ts';
import type { SshSignature } from '../formats/sshsig.ts';
import { readRegularIfThere, statIfThere, toText } from './files.ts';
import { childProcess, crypto } from './node.ts';

/** What SSH's signatures of statements are for: the same key signs other things, too. */
const NAMESPACE = 'rr-provenance';

/** publicText: what lies beside it. */
export type MadeSignature = { kind: 'ssh' | 'raw'; signature: ByteString; publicText: ByteString; publicKey: ByteString };

function toBase64(bytes: ByteString): string {
  return Buffer.from(bytes, 'latin1').toString('base64');
}

function fromBase64(base64: string): ByteString {
  return Buffer.from(base64, 'base64').toString('latin1');
}

function digest(name: string, bytes: ByteString): ByteString {
  return crypto().createHash(name).update(Buffer.from(bytes, 'latin1')).digest('latin1' as 'hex');
}

/** "SHA256:..." of a public key, as ssh-keygen -l prints it. */
export function fingerprintOf(publicKey: ByteString): string {
  return 'SHA256:' + dropAtEnd(toBase64(digest('sha256', publicKey)), '=');
}

/** A way to sign, of a key that was read; `isLoose`: others may read its file. */
export type Signing = { isLoose: boolean; sign: (message: ByteString) => MadeSignature };

/** Reads a private key, or the name of one that an agent has. Throws Failure without a word of what is in the file. */
export function readSigningKey(name: ByteString, shown: ByteString): Signing {
  const text = readRegularIfThere(name);
  if (text === undefined) throw new Failure('cannot sign with "' + shown + '": it is no file', 'name a private key: --key ~/.ssh/id_ed25519', EXIT.usage);
  const isPublic = /^(?:ssh|ecdsa|sk)-[a-z0-9@.-]+ /.test(text);
  const isLoose = !isPublic && ((statIfThere(name)?.mode ?? 0) & 0o077) !== 0;
  const armored = parseArmor('OPENSSH PRIVATE KEY', text);
  const key = armored === undefined ? undefined : parseSshPrivateKey(fromBase64(armored));
  if (key?.kind === 'ed25519') return { isLoose, sign: (message) => signSsh(key.seed, key.publicKey, message) };
  if (isPublic || key !== undefined) return { isLoose, sign: (message) => signByProgram(name, shown, message) };
  if (/^-----BEGIN PRIVATE KEY-----/m.test(text)) {
    const sign = makeRawSigner(text, shown);
    return { isLoose, sign: sign ?? ((message) => signByProgram(name, shown, message)) };
  }
  // What ssh-keygen made before it had a form of its own, and may make still (-m PEM, -m PKCS8).
  if (/^-----BEGIN (?:RSA|EC|ENCRYPTED) PRIVATE KEY-----/m.test(text)) return { isLoose, sign: (message) => signByProgram(name, shown, message) };
  throw new Failure('cannot sign with "' + shown + '": neither a key of SSH nor one of Ed25519 in PEM', 'make one: ssh-keygen -t ed25519', EXIT.usage);
}

/** A line of a public key, as in *.pub. */
function printPublicLine(publicKey: ByteString): ByteString {
  return readKeyType(publicKey) + ' ' + toBase64(publicKey) + '\n';
}

function signSsh(seed: ByteString, publicKey: ByteString, message: ByteString): MadeSignature {
  const key = crypto().createPrivateKey({ key: Buffer.from(printEd25519Private(seed), 'latin1'), format: 'der', type: 'pkcs8' });
  const data = printSignedBytes(NAMESPACE, 'sha512', digest('sha512', message));
  const bytes = crypto().sign(null, Buffer.from(data, 'latin1'), key).toString('latin1');
  const blob = printSshSignature({ publicKey, namespace: NAMESPACE, hashName: 'sha512', algorithm: 'ssh-ed25519', bytes });
  return { kind: 'ssh', signature: printArmor('SSH SIGNATURE', toBase64(blob)), publicText: printPublicLine(publicKey), publicKey };
}

/** By ssh-keygen, which asks for a passphrase on the terminal, or has an agent sign. */
function signByProgram(name: ByteString, shown: ByteString, message: ByteString): MadeSignature {
  const done = childProcess().spawnSync('ssh-keygen', ['-Y', 'sign', '-q', '-n', NAMESPACE, '-f', toText(name)], { input: Buffer.from(message, 'latin1'), stdio: ['pipe', 'pipe', 'inherit'] });
  if (done.error !== undefined) throw new Failure('cannot sign with "' + shown + '": it has a passphrase or is not of Ed25519, and ssh-keygen cannot be started', 'install OpenSSH, or use a key of Ed25519 without a passphrase');
  const signature = done.stdout.toString('latin1');
  const armored = parseArmor('SSH SIGNATURE', signature);
  const parsed = armored === undefined ? undefined : parseSshSignature(fromBase64(armored));
  if (done.status !== 0 || parsed === undefined) throw new Failure('cannot sign with "' + shown + '": ssh-keygen did not sign', 'see what it says above, or make another key: ssh-keygen -t ed25519');
  return { kind: 'ssh', signature, publicText: printPublicLine(parsed.publicKey), publicKey: parsed.publicKey };
}

/** undefined: not a key of Ed25519. */
function makeRawSigner(pem: ByteString, shown: ByteString): ((message: ByteString) => MadeSignature) | undefined {
  let key: import('crypto').KeyObject;
  try {
    key = crypto().createPrivateKey(pem);
  } catch (error) {
    throw new Failure('cannot sign with "' + shown + '": its PEM cannot be read', 'make one: openssl genpkey -algorithm ed25519 -out key.pem', EXIT.usage);
  }
  if (key.asymmetricKeyType !== 'ed25519') return undefined;
  const open = crypto().createPublicKey(key);
  const raw = readEd25519Public((open.export({ format: 'der', type: 'spki' }) as Buffer).toString('latin1')) ?? '';
  return (message) => ({
    kind: 'raw', signature: crypto().sign(null, Buffer.from(message, 'latin1'), key).toString('latin1'),
    publicText: open.export({ format: 'pem', type: 'spki' }) as string, publicKey: printEd25519Key(raw),
  });
}

// ---- checking -------------------------------------------------------------------------------------------------

/** `fault`: why it is not good, as a part of a sentence. */
export type CheckedSignature = { publicKey: ByteString; fault: string | undefined };

/** Is this one line with this key, and a comment perhaps? */
function isPublicLine(text: ByteString, publicKey: ByteString): boolean {
  const line = dropAtEnd(text, ' \t\r\n');
  const key = dropAtEnd(printPublicLine(publicKey), '\n');
  return line === key || ((line.startsWith(key + ' ') || line.startsWith(key + '\t')) && line.indexOf('\n') < 0);
}

/** Is this an SSH signature of the message, by the key in the text `beside` it, if there is one? `name`: of its file. By whom is told, not judged. */
export function checkSshSignature(message: ByteString, armored: ByteString, beside: ByteString | undefined, name: ByteString): CheckedSignature {
  const base64 = parseArmor('SSH SIGNATURE', armored);
  const parsed = base64 === undefined ? undefined : parseSshSignature(fromBase64(base64));
  if (parsed === undefined) return { publicKey: '', fault: 'it is no signature of SSH' };
  const { publicKey, namespace, hashName } = parsed;
  if (namespace !== NAMESPACE) return { publicKey, fault: 'it was made for something else (namespace)' };
  if (hashName !== 'sha256' && hashName !== 'sha512') return { publicKey, fault: 'its hash is neither sha256 nor sha512' };
  // Who checks with ssh-keygen may take the key from there.
  if (beside !== undefined && !isPublicLine(beside, publicKey)) return { publicKey, fault: 'the key beside it (.pub) is another one' };
  const isGood = checkByCrypto(parsed, printSignedBytes(namespace, hashName, digest(hashName, message))) ?? checkByProgram(message, name);
  return { publicKey, fault: isGood === undefined ? 'keys of this kind cannot be checked here without ssh-keygen' : isGood ? undefined : 'it is not of this statement, or not by its key' };
}

/** undefined: a kind that is not known here. */
function checkByCrypto(one: SshSignature, data: ByteString): boolean | undefined {
  const hashes: { [algorithm: string]: string | null } = {
    'ssh-ed25519': null, 'rsa-sha2-256': 'sha256', 'rsa-sha2-512': 'sha512', 'ecdsa-sha2-nistp256': 'sha256', 'ecdsa-sha2-nistp384': 'sha384', 'ecdsa-sha2-nistp521': 'sha512',
  };
  const hash = hashes[one.algorithm];
  const der = printPublicDer(one.publicKey);
  if (hash === undefined || der === undefined) return one.algorithm.startsWith('sk-') ? undefined : false;
  const type = readKeyType(one.publicKey);
  if (type !== one.algorithm && !(type === 'ssh-rsa' && one.algorithm.startsWith('rsa-'))) return false;
  const bytes = type.startsWith('ecdsa-') ? printEcdsaDer(one.bytes) : one.bytes;
  if (bytes === undefined) return false;
  return isSignatureGood(hash, data, der, bytes);
}

function isSignatureGood(hash: string | null, data: ByteString, der: ByteString, bytes: ByteString): boolean {
  try {
    const key = crypto().createPublicKey({ key: Buffer.from(der, 'latin1'), format: 'der', type: 'spki' });
    return crypto().verify(hash, Buffer.from(data, 'latin1'), key, Buffer.from(bytes, 'latin1'));
  } catch (error) {
    return false; // a point that is not on the curve, say
  }
}

function checkByProgram(message: ByteString, name: ByteString): boolean | undefined {
  const done = childProcess().spawnSync('ssh-keygen', ['-Y', 'check-novalidate', '-n', NAMESPACE, '-s', toText(name)], { input: Buffer.from(message, 'latin1'), stdio: ['pipe', 'ignore', 'ignore'] });
  return done.error !== undefined ? undefined : done.status === 0;
}

/** Is this the signature of the message by a key of Ed25519 in PEM? */
export function checkRawSignature(message: ByteString, signature: ByteString, pem: ByteString): CheckedSignature {
  const base64 = parseArmor('PUBLIC KEY', pem);
  const raw = base64 === undefined ? undefined : readEd25519Public(fromBase64(base64));
  if (raw === undefined) return { publicKey: '', fault: 'the key beside it is none of Ed25519 in PEM' };
  const publicKey = printEd25519Key(raw);
  const isGood = isSignatureGood(null, message, printPublicDer(publicKey) ?? '', signature);
  return { publicKey, fault: isGood ? undefined : 'it is not of this statement, or not by the key beside it' };
}

/** Keys that may have signed, by their bytes: names of whom they are. Throws Failure if the file has none. */
export function readAllowedSigners(name: ByteString, shown: ByteString): Map<ByteString, ByteString> {
  const text = readRegularIfThere(name);
  if (text === undefined) throw new Failure('cannot read "' + shown + '": it is no file', 'name a file of allowed signers, or a public key', EXIT.usage);
  const keys = new Map<ByteString, ByteString>();
  for (const signer of parseAllowedSigners(text)) {
    const key = fromBase64(signer.base64);
    if (readKeyType(key) === signer.type && isAllowedFor(signer, NAMESPACE)) keys.set(key, signer.principals);
  }
  const pem = parseArmor('PUBLIC KEY', text);
  const raw = pem === undefined ? undefined : readEd25519Public(fromBase64(pem));
  if (raw !== undefined) keys.set(printEd25519Key(raw), '');
  if (keys.size === 0) throw new Failure('cannot use "' + shown + '": no public key is in it', 'write "NAME ssh-ed25519 AAAA..." into it, a line for each key', EXIT.usage);
  return keys;
}
