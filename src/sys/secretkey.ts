// secretkey.ts - the key under which withheld values are hashed. It never leaves .rr/.
import type { ByteString } from '../core/bytes.ts';
import { Failure } from '../core/failure.ts';
import { isSecretName, maskKnown } from '../formats/secrets.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { crypto } from './node.ts';
import { createFile, readBytesIfThere, removeIfThere, toBytes } from './files.ts';

/**
 * HMAC-SHA-256 (RFC 2104) under the project's key, first 16 hex digits: tells that a secret
 * changed, and cannot be searched for without the key. The key is made at first use.
 */
export function makeSecretHasher(keyName: ByteString): SecretHasher {
  let key: ByteString | undefined;
  return (secret) => {
    key = key ?? readOrMakeKey(keyName);
    return crypto().createHmac('sha256', Buffer.from(key, 'latin1')).update(Buffer.from(secret, 'latin1')).digest('hex').slice(0, 16);
  };
}

const KEY = /^[0-9a-f]{64}\n$/;

function readOrMakeKey(keyName: ByteString): ByteString {
  const there = readBytesIfThere(keyName);
  if (there !== undefined && KEY.test(there)) return there;
  if (there !== undefined) removeIfThere(keyName); // damaged: under a short key a secret could be searched for
  const key = crypto().randomBytes(32).toString('hex') + '\n';
  if (createFile(keyName, key, 0o600)) return key;
  const others = readBytesIfThere(keyName) ?? '';
  if (!KEY.test(others)) throw new Failure('cannot use "' + keyName + '": it is no key', 'remove it; a new one is made');
  return others;
}

// A shorter value is no secret ("1", "yes"), and would be found where it is none.
export const SHORTEST_SECRET_BYTES = 8;

/** Values withheld so far that would be recognised anywhere: of secret variables, and of arguments. */
export function listSecretVariables(): Set<ByteString> {
  const values = Object.keys(process.env).filter(isSecretName).map((name) => toBytes(String(process.env[name])));
  return new Set(values.filter((secret) => secret.length >= SHORTEST_SECRET_BYTES));
}

/** Withholds in a text all that is known to be a secret, which a shell may have put there. */
export function makeWithholder(hash: SecretHasher, secrets: Set<ByteString>): (text: ByteString) => ByteString {
  return (text) => maskKnown(text, Array.from(secrets).sort((a, b) => b.length - a.length), hash);
}
