// secretkey.ts - the key under which withheld values are hashed. It never leaves .rr/.
import type { ByteString } from '../core/bytes.ts';
import type { SecretHasher } from '../formats/secrets.ts';
import { crypto } from './node.ts';
import { createFile, readBytesIfThere, toFsPath } from './files.ts';
import { fs } from './node.ts';

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

function readOrMakeKey(keyName: ByteString): ByteString {
  const there = readBytesIfThere(keyName);
  if (there !== undefined && there.length >= 64) return there;
  if (createFile(keyName, crypto().randomBytes(32).toString('hex') + '\n')) fs.chmodSync(toFsPath(keyName), 0o600);
  return readBytesIfThere(keyName) ?? '';
}
