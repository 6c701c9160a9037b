// secrets.test.ts - what is withheld, and what is not.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import { isSecretName, maskArguments, maskKnown, maskText, maskValue } from '../src/formats/secrets.ts';

const MARK = '\0{0123456789abcdef}';
const hash = (): string => '0123456789abcdef';

test('isSecretName() tells names of secrets from names that only sound like them', () => {
  const secret = ['password', 'PASSWORD', 'db_password', 'dbPassword', 'DB_PASS', 'SMTP_PASS', 'MYSQL_PWD', 'PGPASSWORD', 'SSHPASS', 'passwd', 'passphrase', 'GPG_PASSPHRASE', 'secret', 'CLIENT_SECRET', 'token',
    'API_TOKEN', 'GITHUB_TOKEN', 'authToken', 'authtoken', '_authToken', 'access_token', 'api_key', 'apiKey', 'apikey', 'API-KEY', 'X-Api-Key', 'AWS_SECRET_ACCESS_KEY', 'private_key', 'secretkey', 'credentials',
    'Authorization', 'bearer', 'spring.datasource.password', 'PRIVATE-TOKEN', 'encryption_key'];
  const open = ['', 'tokenizer', 'max_tokens', 'max-tokens', 'n_tokens', 'TOKENIZERS_PARALLELISM', 'token_limit', 'token-count', 'author', 'AUTHOR', 'authors', 'PWD', 'OLDPWD', 'password-file', 'PASSWORD_FILE',
    'key', 'keys', 'keyboard', 'primary_key', 'sort_key', 'key_column', 'monkey', 'pass', 'low_pass', 'high-pass', 'n_pass', 'passes', 'bypass', 'compass', 'secretary', 'AWS_ACCESS_KEY_ID', 'api_key_name', 'credential_path',
    'PATH', 'HOME', 'LANG', 'seed', 'gamma', 'access', 'private', 'auth', 'SSH_AUTH_SOCK', 'passthrough', 'password_policy'];
  for (const name of secret) assert.equal(isSecretName(name), true, name);
  for (const name of open) assert.equal(isSecretName(name), false, name);
});

test('maskText() withholds the secret and leaves the rest', () => {
  const github = 'ghp_' + 'a1B2'.repeat(9);
  const table: [string, string][] = [
    ['--password=hunter2', '--password=' + MARK], ['--password hunter2 x', '--password ' + MARK + ' x'], ['password: hunter2', 'password: ' + MARK], ['TOKEN="a b" cmd', 'TOKEN=' + MARK + ' cmd'],
    ["export API_KEY='a b'; run", 'export API_KEY=' + MARK + '; run'], ['password = hunter2', 'password = ' + MARK], ['{"password": "x y", "n": 1}', '{"password": ' + MARK + ', "n": 1}'],
    ["{'token':'x'}", "{'token':" + MARK + '}'], ['https://h/p?token=abc&n=1', 'https://h/p?token=' + MARK + '&n=1'], ['https://h/p#access_token=abc', 'https://h/p#access_token=' + MARK],
    ['https://u:pw@h/p', 'https://u:' + MARK + '@h/p'], ['https://u:p@w@h/p', 'https://u:' + MARK + '@h/p'], ['redis://:pw@h', 'redis://:' + MARK + '@h'], ['postgresql://u:p%40w@h:5432/d', 'postgresql://u:' + MARK + '@h:5432/d'],
    ['//registry.example.org/:_authToken=abc', '//registry.example.org/:_authToken=' + MARK], ['Authorization: Bearer abc', 'Authorization: ' + MARK], ['authorization: token abc', 'authorization: ' + MARK],
    ['x Bearer abcdefgh12 y', 'x Bearer ' + MARK + ' y'], ['X-Api-Key: abc', 'X-Api-Key: ' + MARK], [github, MARK], ['x=' + github + ',y', 'x=' + MARK + ',y'], ['AKIA' + 'A'.repeat(16), MARK],
    ['sk-' + 'a'.repeat(30), MARK], ['password=h\xc3\xa0hidden', 'password=' + MARK], ['--password h\xc3\xa0hidden x', '--password ' + MARK + ' x'],
    ['export TOKEN=abc; x', 'export TOKEN=' + MARK + '; x'], ['header: token: abc', 'header: token: ' + MARK], ['env A=b TOKEN=x', 'env A=b TOKEN=' + MARK],
    ['-DAPI_TOKEN=abc', '-DAPI_TOKEN=' + MARK], ['PGPASSWORD=x psql', 'PGPASSWORD=' + MARK + ' psql'],
  ];
  for (const [text, masked] of table) assert.equal(maskText(text, hash), masked, text);
});

test('maskText() leaves what is no secret', () => {
  const table = ['', 'plain words', 'the token 5 of a sentence', 'tokenizer=bert', '--max-tokens 5', '--password-file pw.txt', 'author=me', 'https://user@host/path', 'https://host:8080/path', 'git@host:a/b.git', 'ratio 3:4',
    'a=b', 'x: y', 'keyboard=us', 'seed=5', '/data/secret/file.txt', 'secret', 'password', 'basic_test', 'sk-learn', 'no token here', '10:30:00', 'curl --token $TOKEN x', 'x --password="$PW"', 'Authorization: Bearer ${TOKEN}', 'C:\\token\\x', 'PWD=/home/x', 'key=5', 'e9b1c5f0a7d2e9b1c5f0a7d2e9b1c5f0a7d2e9b1'];
  for (const text of table) assert.equal(maskText(text, hash), text, text);
});

test('maskArguments() withholds values that stand beside their option', () => {
  const table: [string[], string[]][] = [
    [['x', '--password', 'hunter2'], ['x', '--password', MARK]], [['x', '-token', 'a b'], ['x', '-token', MARK]], [['x', '--password=a b c'], ['x', '--password=' + MARK]],
    [['env', 'API_TOKEN=x', 'cmd'], ['env', 'API_TOKEN=' + MARK, 'cmd']], [['x', '--password', '--verbose'], ['x', '--password', '--verbose']], [['x', '--password'], ['x', '--password']],
    [['x', '--token', ''], ['x', '--token', MARK]], [['sh', '-c', 'TOKEN=x; run $TOKEN --n 5'], ['sh', '-c', 'TOKEN=' + MARK + '; run $TOKEN --n 5']], [['x', '--password=a\nb'], ['x', '--password=' + MARK]],
    [['x', '--tokenizer', 'bert', 'author=me'], ['x', '--tokenizer', 'bert', 'author=me']], [['token', 'x'], ['token', 'x']], [['x', '--password='], ['x', '--password=']],
  ];
  for (const [argv, masked] of table) assert.deepEqual(maskArguments(argv, hash), masked, argv.join(' '));
});

test('maskKnown() withholds a value wherever it stands, but not inside a mark', () => {
  assert.equal(maskKnown('a hunter2-zq b,hunter2-zq', ['hunter2-zq'], hash), 'a ' + MARK + ' b,' + MARK);
  assert.equal(maskKnown(MARK + ' x', ['0123456789abcdef', '\0'], hash).indexOf(MARK), 0);
  assert.equal(maskKnown('nothing', [], hash), 'nothing');
});

test('maskValue() withholds the whole value of a secret name, parts of others, and nothing of an empty one', () => {
  assert.equal(maskValue('password', 'a b', hash), MARK);
  assert.equal(maskValue('url', 'https://u:p@h', hash), 'https://u:' + MARK + '@h');
  assert.equal(maskValue('password', '', hash), '');
  assert.equal(maskValue('gamma', '0.5', hash), '0.5');
});

test('masks give another hash for another secret', () => {
  const echo = (secret: string): string => secret.padEnd(16, '0').slice(0, 16);
  assert.notEqual(maskText('--password=one', echo), maskText('--password=two', echo));
});
