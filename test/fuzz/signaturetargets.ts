// signaturetargets.ts - keys, signatures, signed statements and the chain of records, for the fuzzer; judged by ssh-keygen.
import childProcess from 'child_process';
import crypto from 'crypto';
import fs from 'fs';
import path from 'path';
import type { ByteString } from '../../src/core/bytes.ts';
import { findPrevious } from '../../src/core/chain.ts';
import type { Statement } from '../../src/core/signature.ts';
import { sealRecord } from '../../src/formats/fields.ts';
import { isAllowedFor, parseAllowedSigners, parseArmor, parseSshPrivateKey, parseSshSignature, printArmor, printEcdsaDer, printEd25519Key, printEd25519Private, printPublicDer, printSignedBytes, printSshSignature, printSshString, readEd25519Public, readKeyType } from '../../src/formats/sshsig.ts';
import { parseStatement, printStatementBody } from '../../src/formats/statement.ts';
import { CLEAN_ENV, hasProgram, makeTemporary } from '../rig.ts';
import { choicesOf, pick, randomBytes, randomText, randomWord } from './dice.ts';
import type { Dice } from './dice.ts';
import { makeFileState } from './recordtargets.ts';
import type { FuzzTarget } from './target.ts';
import { claimSame, failCase } from './target.ts';

const ID = '20261122T052039Z-k35f5q';
const HASH = '0123456789abcdef'.repeat(4);
const toBase64 = (bytes: ByteString): string => Buffer.from(bytes, 'latin1').toString('base64');
const fromBase64 = (text: string): ByteString => Buffer.from(text, 'base64').toString('latin1');
const NO_KEYGEN = (): string | false => (hasProgram('ssh-keygen') ? false : 'no ssh-keygen');

// ---- keys and signatures ------------------------------------------------------------------------------

/** A key of Ed25519, the same each time, and another that is no point of any use. */
const SEED = '\x01'.repeat(32);
const OWN = crypto.createPrivateKey({ key: Buffer.from(printEd25519Private(SEED), 'latin1'), format: 'der', type: 'pkcs8' });
const POINT = readEd25519Public(crypto.createPublicKey(OWN).export({ format: 'der', type: 'spki' }).toString('latin1')) ?? '';
const KEY = printEd25519Key(POINT);
const OTHER_KEY = printEd25519Key('\x58' + '\x66'.repeat(31));
const RSA_KEY = printSshString('ssh-rsa') + printSshString('\x01\0\x01') + printSshString('\0' + '\xc5'.repeat(255) + '\x01');
// The generator of P-256 (FIPS 186-4, D.1.2.3).
const P256_POINT = Buffer.from('046b17d1f2e12c4247f8bce6e563a440f277037d812deb33a0f4a13945d898c2964fe342e2fe1a7f9b8ee7eb4a7c0f9e162bce33576b315ececbb6406837bf51f5', 'hex').toString('latin1');
const EC_KEY = printSshString('ecdsa-sha2-nistp256') + printSshString('nistp256') + printSshString(P256_POINT);
const ECDSA = printSshString('\0' + '\xaa'.repeat(32)) + printSshString('\x55'.repeat(32));

function signFile(publicKey: ByteString, namespace: string, message: ByteString): ByteString {
  const digest = crypto.createHash('sha512').update(message, 'latin1').digest().toString('latin1');
  const bytes = crypto.sign(null, Buffer.from(printSignedBytes(namespace, 'sha512', digest), 'latin1'), OWN).toString('latin1');
  return printSshSignature({ publicKey, namespace, hashName: 'sha512', algorithm: 'ssh-ed25519', bytes });
}

function makePrivateKey(cipher: ByteString, checks: ByteString): ByteString {
  const inner = checks + printSshString('ssh-ed25519') + printSshString(POINT) + printSshString(SEED + POINT) + printSshString('a comment') + '\x01\x02\x03';
  return 'openssh-key-v1\0' + printSshString(cipher) + printSshString('none') + printSshString('') + '\0\0\0\x01' + printSshString(KEY) + printSshString(inner);
}

/** What is to be read by others must be bytes, each length in as many as it takes. */
function claimBytes(name: string, bytes: ByteString | undefined): void {
  if (bytes !== undefined && /[^\0-\xff]/.test(bytes)) failCase(name + ' gives bytes', String(bytes.length));
}

function checkSsh(input: ByteString): boolean {
  const signature = parseSshSignature(input);
  if (signature !== undefined) {
    claimSame('parseSshSignature(printSshSignature(x)) is x', JSON.stringify(parseSshSignature(printSshSignature(signature))), JSON.stringify(signature));
    if (printSshSignature(signature).length > input.length) failCase('parseSshSignature() makes nothing up');
  }
  const key = parseSshPrivateKey(input);
  if (key?.kind === 'ed25519' && (key.seed.length !== 32 || key.publicKey.length !== KEY.length || input.indexOf(key.seed + key.publicKey.slice(-32)) < 0)) failCase('parseSshPrivateKey() gives what is there');
  const der = printPublicDer(input);
  claimBytes('printPublicDer()', der);
  claimBytes('printEcdsaDer()', printEcdsaDer(input));
  const point = der === undefined ? undefined : readEd25519Public(der);
  if (point !== undefined) claimSame('readEd25519Public(printPublicDer(x)) is x', printEd25519Key(point), input);
  if (der !== undefined && readKeyType(input) === '') failCase('what has a form in DER has a type');
  return signature !== undefined || key !== undefined || der !== undefined;
}

/** Whatever ssh-keygen reads as one of these keys has this DER, and OpenSSL reads it. */
function judgeKeys(inputs: ByteString[]): (string | undefined)[] {
  const file = path.join(makeTemporary(), 'key.pub');
  return inputs.map((input) => {
    const type = readKeyType(input);
    if (!/^(?:ssh-ed25519|ssh-rsa|ecdsa-sha2-nistp(?:256|384|521))$/.test(type)) return undefined;
    fs.writeFileSync(file, type + ' ' + toBase64(input) + '\n');
    const done = childProcess.spawnSync('ssh-keygen', ['-e', '-m', 'PKCS8', '-f', file], { env: CLEAN_ENV, encoding: 'latin1', timeout: 20000 });
    if (done.status !== 0 || !/^-----BEGIN PUBLIC KEY-----\n/.test(done.stdout)) return undefined;
    const wanted = fromBase64(parseArmor('PUBLIC KEY', done.stdout) ?? '');
    const found = printPublicDer(input);
    return found === wanted ? undefined : 'ssh-keygen gives ' + toBase64(wanted) + ', rr ' + (found === undefined ? 'nothing' : toBase64(found));
  });
}

const ARMORS = ['SSH SIGNATURE', 'OPENSSH PRIVATE KEY', 'PUBLIC KEY'];

function checkArmor(input: ByteString): boolean {
  let isOne = false;
  for (const name of ARMORS) {
    const base64 = parseArmor(name, input);
    if (base64 === undefined) continue;
    isOne = true;
    claimSame('parseArmor(printArmor(x)) is x', parseArmor(name, printArmor(name, base64)), base64);
    if (printArmor(name, base64).split('\n').some((line) => line.length > 70)) failCase('printArmor() gives lines of 70');
  }
  return isOne;
}

// ---- who may have signed ------------------------------------------------------------------------------

const SIGNERS = 'a@example.org ssh-ed25519 ' + toBase64(KEY) + ' a comment\n';
const NAMESPACE = 'file';

/** Lines as allowed_signers has them: some are of KEY, some of another, some of neither. */
function makeSigners(dice: Dice): ByteString {
  const principal = (): ByteString => pick(dice, ['a@example.org', '*', 'a,b', '"a b"', '!a,*', randomWord(dice, 4, /[\0\s"#\\\x80-\xff]/g) + 'x']);
  const option = (): ByteString => pick(dice, ['namespaces="file"', 'namespaces="file,git"', 'namespaces="git"', 'namespaces="*"', 'namespaces="f*"', 'namespaces="*,!file"', 'namespaces="!git,fi?e"', 'namespaces="fi?"', 'valid-before="20200101"', 'valid-after="20200101"', 'x', 'cert-authority', 'CERT-AUTHORITY', 'Namespaces="git"', 'namespaces="cert-authority"']);
  const key = (): ByteString => pick(dice, ['ssh-ed25519 ' + toBase64(KEY), 'ssh-ed25519 ' + toBase64(KEY), 'ssh-ed25519 ' + toBase64(OTHER_KEY), 'ssh-rsa ' + toBase64(RSA_KEY), 'ssh-ed25519 AAAA', 'ssh-dss ' + toBase64(KEY)]);
  const blank = (): ByteString => pick(dice, [' ', ' ', ' ', '\t', '  ']);
  const line = (): ByteString => pick(dice, ['', '', '', '', '#', ' ', '\t', ' #']) + principal() + blank() + (dice(2) === 0 ? '' : option() + (dice(4) === 0 ? ',' + option() : '') + blank()) + key() + pick(dice, ['', ' a comment', ' "', ' ssh-ed25519 ' + toBase64(KEY), '\r', ' ']);
  return Array.from({ length: 1 + dice(4) }, () => (dice(8) === 0 ? randomText(dice, 8, /\0/g) : line()) + '\n').join('');
}

function checkSigners(input: ByteString): void {
  for (const { base64, namespaces } of parseAllowedSigners(input)) {
    if (input.indexOf(base64) < 0 || namespaces?.some((one) => input.indexOf(one) < 0)) failCase('parseAllowedSigners() makes nothing up');
  }
}

/** ssh-keygen is asked with each line alone: whose signature by KEY is good by it? */
function judgeSigners(inputs: ByteString[]): (string | undefined)[] {
  const folder = makeTemporary();
  const [allowed, signature] = [path.join(folder, 'allowed'), path.join(folder, 'signature')];
  const message = 'text\n';
  fs.writeFileSync(signature, printArmor('SSH SIGNATURE', toBase64(signFile(KEY, NAMESPACE, message))));
  const keygen = (args: string[]): childProcess.SpawnSyncReturns<string> => childProcess.spawnSync('ssh-keygen', ['-Y'].concat(args, '-f', allowed, '-s', signature), { env: CLEAN_ENV, input: message, encoding: 'latin1', timeout: 20000 });
  const judgeLine = (line: ByteString): string | undefined => {
    fs.writeFileSync(allowed, Buffer.from(line + '\n', 'latin1'));
    const [found] = keygen(['find-principals']).stdout.split('\n');
    const isGood = found !== '' && keygen(['verify', '-n', NAMESPACE, '-I', found.split(',').filter((one) => one[0] !== '!')[0] ?? found]).status === 0;
    const own = parseAllowedSigners(line).filter((one) => fromBase64(one.base64) === KEY && readKeyType(KEY) === one.type && isAllowedFor(one, NAMESPACE));
    return isGood === own.length > 0 ? undefined : 'ssh-keygen says ' + (isGood ? 'yes' : 'no') + ' to ' + JSON.stringify(line);
  };
  // Lines in which somebody is named, then perhaps options, then the key: others are rr's own matter. It has no clock for valid-after,
  // and takes a CR at the end of a line only.
  return inputs.map((input) => input.split('\n').filter((line) => /^(?:![!-+\--~]*,)*["-+\--~][!-~]*[ \t]+(?:[^\s"]+="[^"]*"|cert-authority|,)*[ \t]*(?:ssh|ecdsa|sk)-\S+[ \t]/i.test(line) && !/valid-after|\r./.test(line) && !/["#\\]/.test(line.split(/[ \t]/)[0])).slice(0, 3).map(judgeLine).find((wrong) => wrong !== undefined));
}

// ---- statements ---------------------------------------------------------------------------------------

function makeStatement(dice: Dice): Statement {
  const many = <T>(make: () => T): T[] => Array.from({ length: dice(3) }, make);
  const link = (): { id: string; hash: string } => ({ id: ID.slice(0, -1) + 'abcdefg'[dice(7)], hash: HASH.slice(1) + 'abcdef'[dice(6)] });
  const below = (name: ByteString): ByteString => 'provenance/' + (name.split('/').filter((part) => part !== '' && part !== '.' && part !== '..').join('/') || 'a');
  return {
    id: ID, signedUtc: '2026-11-22T05:20:39.123456Z', signer: randomWord(dice, 12, /\0/g), records: dice(1e6), heads: many(link), gaps: many(link), unfinished: many(() => link().id),
    files: many(() => makeFileState(dice)).map((file) => ({ ...file, path: below(file.path) })), gone: many(() => below(randomWord(dice, 12, /\0/g))), rr: '0.1.0', unknown: [],
  };
}

function checkStatementValue(input: ByteString): void {
  const statement = makeStatement(choicesOf(input));
  const text = sealRecord(printStatementBody(statement), HASH);
  if (/[\0-\x09\x0b-\x1f\x7f]/.test(text)) failCase('a statement has no control character');
  claimSame('parse(print(statement)) is the statement', JSON.stringify(parseStatement(text, 'x')), JSON.stringify(statement));
}

function checkStatementText(input: ByteString): void {
  const statement = parseStatement(input, 'x');
  for (const name of statement.files.map((file) => file.path).concat(statement.gone)) {
    if (path.posix.relative('/p/provenance', path.posix.normalize('/p/' + name)).split('/')[0] === '..' || /\0/.test(name)) failCase('a statement names nothing but what is under provenance/', name);
  }
  const printed = sealRecord(printStatementBody(statement), HASH);
  claimSame('print(parse(print(parse(text)))) is the same text', sealRecord(printStatementBody(parseStatement(printed, 'x')), HASH), printed);
}

/** Line by line. */
function checkPrevious(input: ByteString): boolean {
  const wanted = input.split('\n').slice(1).flatMap((line) => {
    const found = /^Previous: (\d{8}T\d{6}Z-[a-z2-7]{6}) ([0-9a-f]{64})$/.exec(line);
    return found === null ? [] : [{ id: found[1], hash: found[2] }];
  });
  claimSame('findPrevious() finds the lines', JSON.stringify(findPrevious(input)), JSON.stringify(wanted));
  return wanted.length > 0;
}

const STATEMENT_WORDS = ['Head: ', 'Gap: ', 'Unfinished: ', 'File: ', 'Gone: ', 'Signer: ', 'Records: ', 'Signed: ', ID, HASH, '  12 provenance/', 'provenance/', '..', '/', './', '%2E', '%2F', '%00', '\n', '\n+ ', ': ', 'constructor: a\n', '__proto__: a\n'];
const statements = (): ByteString[] => [3, 4, 5, 6].map((n) => sealRecord(printStatementBody(makeStatement(choicesOf(String.fromCharCode(n, 7 * n, 11 * n).repeat(30)))), HASH));
const choiceInput = (dice: Dice): ByteString => randomBytes(dice, 4 + dice(dice(4) === 0 ? 400 : 100));

export const SIGNATURE_TARGETS: FuzzTarget[] = [
  { name: 'ssh', corpus: () => [signFile(KEY, NAMESPACE, 'a'), makePrivateKey('none', '\0\0\0\x07\0\0\0\x07'), makePrivateKey('aes256-ctr', 'xxxxxxxx'), KEY, RSA_KEY, EC_KEY, ECDSA], dictionary: ['SSHSIG', '\0\0\0\x01', 'ssh-ed25519', 'ssh-rsa', 'ecdsa-sha2-nistp256', 'nistp256', 'nistp521', 'constructor', 'sk-', '\0\0\0\0', '\xff\xff\xff\xff', '\0\0\0\x20'], isBinary: true, check: checkSsh },
  { name: 'ssh-keys', corpus: () => [KEY, OTHER_KEY, RSA_KEY, EC_KEY], dictionary: ['\0', '\x80', '\0\0\0\x01', '\0\0\0\x20', 'nistp256'], isBinary: true, check: (input) => readKeyType(input) !== '', judge: { lacks: NO_KEYGEN, batch: 50, find: judgeKeys }, share: 0.02, mostBytes: 4096 },
  { name: 'ssh-armor', corpus: () => ARMORS.map((name) => printArmor(name, toBase64(signFile(KEY, NAMESPACE, name)))).concat(printArmor('PUBLIC KEY', 'AA==').replace(/\n/g, '\r\n')), dictionary: ['-----BEGIN ', '-----END ', '-----', 'SSH SIGNATURE', 'PUBLIC KEY', '\n', '\r\n', '=', '==', 'A'], long: [['-----BEGIN PUBLIC KEY-----\n', 'AAAA\n', '-----END PUBLIC KEY-----\n'], ['-----BEGIN PUBLIC KEY-----\n', '=', '\n-----END PUBLIC KEY-----\n'], ['', '\r\n', '']], check: checkArmor },
  { name: 'allowed-signers', corpus: () => [SIGNERS, SIGNERS.slice(14), '* cert-authority,namespaces="a,b" ' + SIGNERS.slice(14) + '# c\n\n' + SIGNERS], generate: makeSigners, dictionary: ['"', ' ', ',', '\n', '\r\n', '#', 'namespaces="', 'cert-authority', 'ssh-ed25519 ', 'sk-', toBase64(KEY), '\t'], long: [['', '"', ''], ['', 'a"b"', ' '], ['a ', 'cert-authority,', 'x ssh-ed25519 AAAA'], ['a ', ',namespaces="', ' ssh-ed25519 AAAA'], ['', 'ssh-rsa ', '']], check: checkSigners },
  { name: 'allowed-signers-judged', corpus: () => [SIGNERS], generate: makeSigners, check: (input) => !/\0/.test(input), judge: { lacks: NO_KEYGEN, batch: 20, find: judgeSigners }, share: 0.01, mostBytes: 1024 },
  { name: 'statement', corpus: statements, dictionary: STATEMENT_WORDS, check: checkStatementText },
  { name: 'statement-value', corpus: () => [], generate: choiceInput, check: checkStatementValue, mostBytes: 4096 },
  { name: 'chain', corpus: () => ['# x\nPrevious: ' + ID + ' ' + HASH + '\nPrevious: ' + ID + ' ' + HASH + '\nRr: 1\n'], dictionary: ['\nPrevious: ', ID, HASH, ' ', '\n', '\n\n'], check: checkPrevious },
];
