// sshsig.test.ts - keys of SSH in DER are what ssh-keygen makes of them, also where a number has needless zeros.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { parseAllowedSigners, parseArmor, printEcdsaDer, printPublicDer, printSshString } from '../src/formats/sshsig.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

test('a public key of RSA in DER is what ssh-keygen makes of it', { skip: hasProgram('ssh-keygen') ? false : 'no ssh-keygen' }, () => {
  const modulus = '\xc5' + '\x77'.repeat(254) + '\x01';
  const file = path.join(makeTemporary(), 'key.pub');
  for (const [exponent, number] of [['\x01\0\x01', '\0' + modulus], ['\0\x01\0\x01', '\0\0\0' + modulus], ['\x01\0\x01', '\0' + modulus.slice(1).repeat(2)]]) {
    const blob = printSshString('ssh-rsa') + printSshString(exponent) + printSshString(number);
    fs.writeFileSync(file, 'ssh-rsa ' + Buffer.from(blob, 'latin1').toString('base64') + '\n');
    const made = run(undefined, ['ssh-keygen', '-e', '-m', 'PKCS8', '-f', file]);
    assert.equal(made.status, 0, made.stderr);
    assert.equal(Buffer.from(printPublicDer(blob) ?? '', 'latin1').toString('base64'), parseArmor('PUBLIC KEY', made.stdout));
  }
});

test('numbers that are negative or longer than OpenSSH takes have no form in DER', () => {
  const key = (number: string): string => printSshString('ssh-rsa') + printSshString('\x01\0\x01') + printSshString(number);
  for (const number of ['\x80', '\xc5' + 'w'.repeat(255), '\x01'.repeat(2050), '\x01'.repeat(70000)]) {
    assert.equal(printPublicDer(key(number)), undefined);
    assert.equal(printEcdsaDer(printSshString(number) + printSshString('\x01')), undefined);
  }
  assert.equal(printPublicDer(printSshString('ecdsa-sha2-nistp256') + printSshString('nistp256') + printSshString('\x04'.repeat(70000))), undefined);
  assert.equal(printPublicDer(printSshString('ecdsa-sha2-constructor') + printSshString('constructor') + printSshString('\x04')), undefined);
  assert.equal(printEcdsaDer(printSshString('\0\0\x80') + printSshString('')), '\x30\x07\x02\x02\0\x80\x02\x01\0');
});

test('Base64 of a key counts where ssh-keygen takes it: whole fours, and no bits left over', { skip: hasProgram('ssh-keygen') ? false : 'no ssh-keygen' }, () => {
  const folder = makeTemporary();
  let taken = 0;
  // Their Base64 ends with none, one and two "=".
  for (const kind of [['-t', 'ed25519'], ['-t', 'ecdsa', '-b', '256'], ['-t', 'ecdsa', '-b', '384']]) {
    const key = path.join(folder, kind.join(''));
    assert.equal(run(undefined, ['ssh-keygen', '-q', ...kind, '-N', '', '-f', key]).status, 0);
    const [type, base64] = fs.readFileSync(key + '.pub', 'latin1').split(' ');
    const [digits] = base64.split('=');
    const next = digits.slice(0, -1) + String.fromCharCode(digits.charCodeAt(digits.length - 1) + 1);
    const fills = ['', '=', '==', '===', '====', 't', 'tt', 'AAAA', 't='];
    for (const text of [digits, next, digits.slice(0, -1), digits.slice(0, 40) + '=' + digits.slice(40)].flatMap((one) => fills.map((fill) => one + fill))) {
      fs.writeFileSync(path.join(folder, 'key.pub'), type + ' ' + text + '\n');
      const judged = run(undefined, ['ssh-keygen', '-l', '-f', path.join(folder, 'key.pub')]).status === 0;
      const [signer] = parseAllowedSigners(type + ' ' + text + '\n');
      const isKey = signer !== undefined && printPublicDer(Buffer.from(signer.base64, 'base64').toString('latin1')) !== undefined;
      assert.equal(isKey, judged, type + ' ' + text);
      if (judged) taken += 1;
    }
  }
  assert.ok(taken >= 3);
});
