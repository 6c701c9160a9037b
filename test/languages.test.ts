// languages.test.ts - packages of languages, compared with what the languages themselves say.
import { test } from 'node:test';
import type { TestContext } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { parseHeaders } from '../src/formats/headers.ts';
import { parseJuliaManifest, parseJuliaProject } from '../src/formats/juliamanifest.ts';
import { parsePerlModule } from '../src/formats/perlmodule.ts';
import { decodeFileUrl, normalizePythonName, parseDirectUrl, parseEditableMapping, parseRecordPaths, pythonSourceOf, topModuleOf } from '../src/formats/pythonmetadata.ts';
import { parseZipEnd, parseZipEntries } from '../src/formats/zip.ts';
import { findLanguagePackages } from '../src/sys/languages.ts';
import type { LanguageFacts } from '../src/sys/languages.ts';
import { hasProgram, makeTemporary, run } from './rig.ts';

const PYTHON = '/usr/bin/python3';

function skipWithout(t: TestContext, ...programs: string[]): boolean {
  const missing = programs.filter((name) => !hasProgram(name));
  if (missing.length > 0) t.skip('no ' + missing.join(', no '));
  return missing.length > 0;
}

/** Files that a command opens, links resolved, and what it prints. */
function watch(folder: string, argv: string[], env: NodeJS.ProcessEnv = {}): { read: string[]; stdout: string } {
  const log = path.join(makeTemporary(), 'log');
  const done = run(folder, ['strace', '-f', '-y', '-e', 'trace=open,openat', '-o', log].concat(argv), { env });
  assert.equal(done.status, 0, done.stderr);
  const read = new Set<string>();
  for (const line of fs.readFileSync(log, 'latin1').split('\n')) {
    const name = /= \d+<(\/[^>]*)>/.exec(line)?.[1];
    if (name !== undefined && fs.existsSync(name) && fs.statSync(name).isFile()) read.add(name);
  }
  return { read: Array.from(read), stdout: done.stdout };
}

function find(read: string[], projectRoot = '/nowhere', programs: string[] = []): LanguageFacts {
  return findLanguagePackages(read, { programs, projectRoot });
}

/** "name version" of one manager's packages. */
function namesOf(facts: LanguageFacts, manager: string): string[] {
  return facts.packages.filter((one) => one.manager === manager).map((one) => one.name + ' ' + one.version);
}

function write(folder: string, files: { [name: string]: string }): void {
  for (const name of Object.keys(files)) {
    fs.mkdirSync(path.dirname(path.join(folder, name)), { recursive: true });
    fs.writeFileSync(path.join(folder, name), files[name], 'latin1');
  }
}

function under(folder: string, ...names: string[]): string[] {
  return names.map((name) => path.join(folder, name));
}

// What importlib.metadata says of the modules that were loaded from a site.
const ASK_PYTHON = `
import importlib.metadata as m, platform, sys
owners = m.packages_distributions()
names = set()
for name, module in list(sys.modules.items()):
    file = getattr(module, '__file__', None) or ''
    if '-packages/' in file:
        for one in owners.get(name.split('.')[0], []): names.add(one + ' ' + m.version(one))
names.add('python ' + platform.python_version())
print('\\n'.join(sorted(names)))
`;

test('findLanguagePackages() names the Python distributions that importlib.metadata names', (t) => {
  if (skipWithout(t, 'strace', PYTHON)) return;
  if (run('/', [PYTHON, '-c', 'import numpy, matplotlib, importlib.metadata as m; m.packages_distributions']).status !== 0) return t.skip('no numpy and matplotlib for ' + PYTHON + ', or Python before 3.10');
  // Python itself looks at every *.dist-info when it is asked: none of that may count as use.
  const { read, stdout } = watch('/', [PYTHON, '-c', 'import numpy, matplotlib.pyplot\n' + ASK_PYTHON], { MPLCONFIGDIR: makeTemporary() });
  const facts = find(read);
  assert.deepEqual(namesOf(facts, 'python').sort(), stdout.trim().split('\n').sort());
  const left = read.filter((name) => !facts.explained.has(name) && /\/python[\d.]+\//.test(name));
  assert.deepEqual(left, []);
  const numpy = read.filter((name) => /-packages\/numpy\/.*\.so$/.test(name));
  assert.ok(numpy.length > 0 && numpy.every((name) => facts.owners.get(name)?.name === 'numpy'));
});

test('findLanguagePackages() finds editable installs as setup.py develop makes them', (t) => {
  if (skipWithout(t, 'strace', 'git', PYTHON)) return;
  if (run('/', [PYTHON, '-c', 'import setuptools, venv']).status !== 0) return t.skip('no setuptools and venv for ' + PYTHON);
  const folder = makeTemporary();
  const source = path.join(folder, 'work', 'signal tools');
  write(source, {
    'setup.py': 'from setuptools import setup\nsetup(name="Signal.Tools", version="0.7.1", packages=["sigtools"])\n',
    'sigtools/__init__.py': 'from .fit import slope\n', 'sigtools/fit.py': 'slope = 3\n',
  });
  const commit = run(source, ['sh', '-c', 'git init -q . && git add . && git -c user.name=t -c user.email=t@t commit -qm one && git rev-parse HEAD']).stdout.trim();
  assert.equal(run(folder, [PYTHON, '-m', 'venv', '--without-pip', 'env']).status, 0);
  const python = path.join(folder, 'env', 'bin', 'python');
  const site = run(folder, [python, '-c', 'import sysconfig; print(sysconfig.get_path("purelib"))']).stdout.trim();
  const made = run(source, [python, 'setup.py', '-q', 'develop', '--no-deps'], { env: { PYTHONPATH: '/usr/lib/python3/dist-packages' } });
  if (!fs.existsSync(path.join(site, 'easy-install.pth'))) return t.skip('setup.py develop made no link: ' + made.stderr.slice(-200));
  const { read } = watch(folder, [python, '-c', 'import sigtools; print(sigtools.slope)']);
  const facts = find(read);
  const one = facts.packages.find((each) => each.covers === source);
  assert.equal(one?.name.replace(/[-_.]/g, '.'), 'Signal.Tools');
  assert.equal(one?.version, '0.7.1');
  assert.equal(one?.detail, 'editable ' + source + ' git ' + commit);
  // The same in the project is named without the project's own place.
  assert.equal(find(read, path.join(folder, 'work')).packages.find((each) => each.covers === source)?.detail, 'editable signal tools git ' + commit);
});

test('findLanguagePackages() knows what pip installs into any folder', (t) => {
  if (skipWithout(t, 'strace', PYTHON)) return;
  if (run('/', [PYTHON, '-m', 'pip', '--version']).status !== 0) return t.skip('no pip for ' + PYTHON);
  const folder = makeTemporary();
  const wheel = path.join(folder, 'tide_model-2.5-py3-none-any.whl');
  write(folder, { 'make.py': `
import zipfile, sys
files = {'tides/__init__.py': 'height = 1', 'tides/moon.py': '', 'other_module.py': 'from tides import moon',
  'tide_model-2.5.dist-info/METADATA': 'Metadata-Version: 2.1\\nName: tide-model\\nVersion: 2.5\\n',
  'tide_model-2.5.dist-info/WHEEL': 'Wheel-Version: 1.0\\nGenerator: hand\\nRoot-Is-Purelib: true\\nTag: py3-none-any\\n'}
with zipfile.ZipFile(sys.argv[1], 'w') as z:
    for name, text in files.items(): z.writestr(name, text)
    z.writestr('tide_model-2.5.dist-info/RECORD', ''.join(n + ',,\\n' for n in list(files) + ['tide_model-2.5.dist-info/RECORD']))
` });
  assert.equal(run(folder, [PYTHON, 'make.py', wheel]).status, 0);
  const done = run(folder, [PYTHON, '-m', 'pip', '-q', 'install', '--no-index', '--no-deps', '--target', 'vendor', wheel], { env: { PIP_BREAK_SYSTEM_PACKAGES: '1' } });
  assert.equal(done.status, 0, done.stderr);
  const { read } = watch(folder, [PYTHON, '-c', 'import other_module'], { PYTHONPATH: path.join(folder, 'vendor') });
  const one = find(read, folder).packages.find((each) => each.name === 'tide-model');
  assert.equal(one?.version, '2.5');
  assert.match(one?.detail ?? '', /^from file:\/\/.*tide_model-2\.5/);
  assert.equal(read.filter((name) => find(read, folder).owners.get(name)?.name === 'tide-model').length, 3);
});

test('findLanguagePackages() tells distributions apart by their lists, and counts only what was used', () => {
  const site = path.join(makeTemporary(), 'lib', 'python3.9', 'site-packages');
  write(site, {
    'google/alpha/__init__.py': '', 'google/beta/x.py': '', 'six.py': '', '__pycache__/six.cpython-39.pyc': '', 'unused/__init__.py': '',
    'nobody/__init__.py': '', 'lazr/uri/__init__.py': '', 'lazr/rest/__init__.py': '', 'fast.cpython-39-x86_64-linux-gnu.so': '', 'fast_lib.libs/libgomp.so': '',
    'google_alpha-1.0.dist-info/METADATA': 'Name: google-alpha\nVersion: 1.0\n', 'google_alpha-1.0.dist-info/RECORD': 'google/alpha/__init__.py,sha256=x,1\n../../../bin/alpha,,\n',
    'google_beta-2.0.dist-info/METADATA': 'Name: google-beta\nVersion: 2.0\n', 'google_beta-2.0.dist-info/RECORD': '"google/beta/x.py",,\r\n',
    'six-1.16.0.dist-info/METADATA': 'Name: six\nVersion: 1.16.0\n', 'six-1.16.0.dist-info/RECORD': 'six.py,,\n',
    'unused-9.dist-info/METADATA': 'Name: unused\nVersion: 9\n', 'unused-9.dist-info/RECORD': 'unused/__init__.py,,\n',
    'lazr.uri-1.0.6.egg-info/PKG-INFO': 'Name: lazr.uri\nVersion: 1.0.6\n', 'lazr.uri-1.0.6.egg-info/top_level.txt': 'lazr\n', 'lazr.uri-1.0.6.egg-info/namespace_packages.txt': 'lazr\n',
    'lazr.rest-0.14.egg-info/PKG-INFO': 'Name: lazr.rest\nVersion: 0.14\n', 'lazr.rest-0.14.egg-info/top_level.txt': 'lazr\n', 'lazr.rest-0.14.egg-info/namespace_packages.txt': 'lazr\n',
    'fast_lib-3.egg-info/PKG-INFO': 'Name: fast-lib\nVersion: 3\n', 'fast_lib-3.egg-info/installed-files.txt': '../fast.cpython-39-x86_64-linux-gnu.so\n../fast_lib.libs/libgomp.so\nPKG-INFO\n',
    'plain-0.1.egg-info': 'Metadata-Version: 1.0\nName: plain\nVersion: 0.1\n', 'plain/__init__.py': '',
    'egged-4.2-py3.9.egg/egged/__init__.py': '', 'egged-4.2-py3.9.egg/EGG-INFO/PKG-INFO': 'Name: egged\nVersion: 4.2\n',
  });
  write(path.join(site, '..', '..', '..'), { 'bin/alpha': '' });
  const facts = find(under(site, 'google/alpha/__init__.py', 'google/beta/x.py', '__pycache__/six.cpython-39.pyc', 'nobody/__init__.py', 'lazr/uri/__init__.py', 'lazr/rest/__init__.py',
    'fast.cpython-39-x86_64-linux-gnu.so', 'fast_lib.libs/libgomp.so', 'plain/__init__.py', 'egged-4.2-py3.9.egg/egged/__init__.py', 'unused-9.dist-info/METADATA', '../../../bin/alpha'));
  assert.deepEqual(facts.packages.map((one) => [one.name, one.version, path.relative(site, one.covers)]), [
    ['egged', '4.2', 'egged-4.2-py3.9.egg'], ['fast-lib', '3', 'fast.cpython-39-x86_64-linux-gnu.so'], ['google-alpha', '1.0', 'google/alpha'], ['google-beta', '2.0', 'google/beta'],
    ['lazr.rest', '0.14', 'lazr/rest'], ['lazr.uri', '1.0.6', 'lazr/uri'], ['nobody', '', 'nobody'], ['plain', '0.1', 'plain'], ['six', '1.16.0', 'six.py'],
  ]);
  assert.equal(facts.explained.size, 12);
  assert.equal(facts.owners.get(path.join(site, '../../../bin/alpha'))?.name, 'google-alpha');
  assert.equal(facts.owners.has(path.join(site, 'unused-9.dist-info/METADATA')), false);
});

test('findLanguagePackages() follows editable installs of PEP 660', () => {
  const folder = makeTemporary();
  const site = path.join(folder, 'env/lib/python3.12/site-packages');
  const url = (name: string): string => JSON.stringify({ dir_info: { editable: true }, url: 'file://' + path.join(folder, name).replace(/ /g, '%20') });
  write(folder, {
    'src a/lib/tide/__init__.py': '', 'mapped/pkg/wave/__init__.py': '', 'mapped/pkg/elsewhere.py': '', 'plain path/moon/__init__.py': '', 'run.py': '', 'own/__init__.py': '',
    'env/lib/python3.12/site-packages/__editable__.tide-1.2.pth': path.join(folder, 'src a/lib') + '\n',
    'env/lib/python3.12/site-packages/tide-1.2.dist-info/METADATA': 'Name: tide\nVersion: 1.2\n',
    'env/lib/python3.12/site-packages/tide-1.2.dist-info/direct_url.json': url('src a'),
    'env/lib/python3.12/site-packages/tide-1.2.dist-info/RECORD': '__editable__.tide-1.2.pth,,\n',
    'env/lib/python3.12/site-packages/__editable___wave_3_finder.py': 'import sys\nMAPPING: dict[str, str] = {\'wave\': \'' + path.join(folder, 'mapped/pkg/wave') + '\'}\n',
    'env/lib/python3.12/site-packages/wave-3.dist-info/METADATA': 'Name: wave\nVersion: 3\n',
    'env/lib/python3.12/site-packages/wave-3.dist-info/direct_url.json': url('mapped'),
    'env/lib/python3.12/site-packages/wave-3.dist-info/RECORD': '__editable___wave_3_finder.py,,\n',
    'env/lib/python3.12/site-packages/own-0.dist-info/METADATA': 'Name: own\nVersion: 0\n',
    'env/lib/python3.12/site-packages/own-0.dist-info/direct_url.json': url('.'),
    'env/lib/python3.12/site-packages/extra.pth': '# folders\nimport os\n' + path.join(folder, 'plain path') + '\n',
  });
  const read = under(folder, 'src a/lib/tide/__init__.py', 'mapped/pkg/wave/__init__.py', 'mapped/pkg/elsewhere.py', 'plain path/moon/__init__.py', 'run.py', 'own/__init__.py')
    .concat(under(site, 'extra.pth', '__editable___wave_3_finder.py'));
  const facts = find(read, folder);
  assert.deepEqual(facts.packages.map((one) => [one.name, one.version, one.detail]), [
    ['own', '0', 'editable .'], ['plain path', '', 'editable plain path'], ['tide', '1.2', 'editable src a'], ['wave', '3', 'editable mapped'],
  ]);
  assert.deepEqual(read.filter((name) => !facts.explained.has(name)).map((name) => path.relative(folder, name)), ['mapped/pkg/elsewhere.py', 'run.py']);
  assert.equal(find(read, '/nowhere').packages[2].detail, 'editable ' + path.join(folder, 'src a'));
});

test('findLanguagePackages() knows every Python here to the last digit, by header or by binary', (t) => {
  const found = run('/', ['sh', '-c', 'ls -d /usr/bin/python3.[0-9]* "$HOME"/.pyenv/versions/*/bin/python3.[0-9]* 2>/dev/null | grep -v config'], { env: { HOME: process.env.HOME } }).stdout.trim().split('\n');
  const programs = found.filter((name) => /\/python3\.\d+$/.test(name));
  if (programs.length === 0) return t.skip('no python3.N');
  for (const program of programs) {
    const version = run('/', [program, '-c', 'import platform; print(platform.python_version())']).stdout.trim();
    assert.deepEqual(namesOf(find([], '/nowhere', [fs.realpathSync(program)]), 'python'), ['python ' + version]);
  }
});

test('findLanguagePackages() names what sessionInfo() of R names', (t) => {
  if (skipWithout(t, 'strace', 'Rscript')) return;
  const folder = makeTemporary();
  write(folder, { 'tides/DESCRIPTION': 'Package: tides\nVersion: 0.3.1\nTitle: Tides\nDescription: Tides.\nAuthor: A\nMaintainer: A <a@example.org>\nLicense: GPL-2\n', 'tides/NAMESPACE': 'export(height)\n', 'tides/R/height.R': 'height <- function() 3\n' });
  fs.mkdirSync(path.join(folder, 'lib'));
  const built = run(folder, ['R', 'CMD', 'INSTALL', '-l', 'lib', 'tides']);
  assert.equal(built.status, 0, built.stderr);
  const script = 'library(grid); library(stats4); library(tides); s <- sessionInfo(); invisible(height()); cat(s$basePkgs, names(s$loadedOnly), sep="\\n"); cat("R", paste(R.version$major, R.version$minor, sep="."))';
  const { read, stdout } = watch(folder, ['Rscript', '-e', script], { R_LIBS: path.join(folder, 'lib') });
  const said = stdout.trim().split('\n');
  const facts = find(read, folder);
  assert.deepEqual(namesOf(facts, 'r'), [said[said.length - 1], 'tides 0.3.1']);
  const [core, own] = facts.packages.filter((one) => one.manager === 'r');
  assert.deepEqual(core.detail.split(' ').slice(1).concat('base').sort(), said.slice(0, -1).sort());
  assert.match(own.detail, /^built R \d+\.\d+\.\d+$/);
  assert.deepEqual(read.filter((name) => name.startsWith(core.covers + '/library/') && !facts.explained.has(name)), []);
  assert.deepEqual(read.filter((name) => name.startsWith(path.join(folder, 'lib')) && facts.owners.get(name) !== own), []);
});

test('findLanguagePackages() reads where an R package of a git repository came from', () => {
  const folder = path.join(makeTemporary(), 'renv/library/R-4.2/x86_64-pc-linux-gnu');
  write(folder, { 'foo/DESCRIPTION': 'Package: foo\nVersion: 1.2\nRemoteType: github\nRemoteUsername: someone\nRemoteRepo: foo\nRemoteSha: 0123456789abcdef0123456789abcdef01234567\nBuilt: R 4.2.2; ; 2023-01-20; unix\n', 'foo/Meta/package.rds': '', 'bar/R/bar.rdb': '', 'bar/DESCRIPTION': 'Package: bar\nVersion: 1\n' });
  const facts = find(under(folder, 'foo/Meta/package.rds', 'bar/R/bar.rdb'));
  assert.deepEqual(facts.packages.map((one) => [one.name, one.version, one.detail]), [['foo', '1.2', 'built R 4.2.2 git 0123456789abcdef0123456789abcdef01234567 github/someone/foo']]);
});

test('findLanguagePackages() names the npm packages that node loads', (t) => {
  if (skipWithout(t, 'strace')) return;
  const folder = makeTemporary();
  write(folder, {
    'node_modules/a/package.json': '{"name":"a","version":"1.2.3"}', 'node_modules/a/index.js': 'exports.b = require("b"); exports.v = "1.2.3";',
    'node_modules/a/node_modules/b/package.json': '{"name":"b","version":"2.0.0-rc.1"}', 'node_modules/a/node_modules/b/index.js': '',
    'node_modules/b/package.json': '{"name":"b","version":"1.0.0"}', 'node_modules/b/index.js': '',
    'node_modules/@scope/c/package.json': '{"name":"@scope/c","version":"3.0.0"}', 'node_modules/@scope/c/lib/index.js': '',
    'node_modules/unused/package.json': '{"name":"unused","version":"9.9.9"}', 'node_modules/unused/index.js': '',
    'node_modules/broken/package.json': '{"name": ', 'node_modules/broken/index.js': '',
    'package.json': '{"name":"project","version":"0.0.1"}', 'main.js': 'require("a"); require("b"); require("@scope/c/lib/index.js");',
  });
  const { read } = watch(folder, [process.execPath, 'main.js']);
  // Node.js refuses a package whose package.json is broken; others that read its files do not.
  const facts = find(Array.from(new Set(read.concat(under(folder, 'node_modules/broken/index.js')))), folder);
  assert.deepEqual(namesOf(facts, 'npm'), ['@scope/c 3.0.0', 'a 1.2.3', 'b 1.0.0', 'b 2.0.0-rc.1', 'broken ']);
  assert.equal(facts.explained.has(path.join(folder, 'main.js')), false);
});

test('findLanguagePackages() names the Perl modules and versions that %INC and $VERSION name', (t) => {
  if (skipWithout(t, 'strace', 'perl')) return;
  const folder = makeTemporary();
  write(folder, {
    'lib/Tide.pm': 'package Tide;\nour $VERSION = \'1.25\';\nuse Tide::Moon; use Tide::Sun;\n1;\n', 'lib/Tide/Moon.pm': 'package Tide::Moon;\n1;\n',
    'lib/Tide/Sun.pm': 'package Tide::Sun v2.3.4;\n1;\n', 'lib/Wave.pm': 'package Wave { our $VERSION = qv("1.2.3"); sub qv { $_[0] } }\n1;\n',
  });
  const loaded = ['LWP::UserAgent', 'JSON', 'URI', 'Try::Tiny'].filter((name) => run('/', ['perl', '-M' + name, '-e1']).status === 0);
  const script = 'for my $k (sort keys %INC) { my $n = $k; next unless $n =~ s/\\.pm$//; $n =~ s{/}{::}g; my $v = do { no strict "refs"; ${$n . "::VERSION"} }; '
    + '$v = "" unless defined $v; $v = sprintf("%vd", $v) if $v =~ /[^\\x20-\\x7e]/; print "$INC{$k}\\t$n\\t$v\\n" } printf "%vd\\n", $^V;';
  const { read, stdout } = watch(folder, ['perl', '-Ilib', '-MList::Util', '-MPOSIX'].concat(loaded.map((name) => '-M' + name), ['-MTide', '-MWave', '-e', script]));
  const lines = stdout.trim().split('\n');
  const facts = find(read, folder);
  assert.equal(facts.packages.find((one) => one.name === 'perl')?.version, lines.pop());
  assert.deepEqual(facts.packages.filter((one) => one.manager === 'perl' && one.covers.startsWith(folder)).map((one) => one.name + ' ' + one.version), ['Tide 1.25', 'Tide::Sun 2.3.4', 'Wave 1.2.3']);
  for (const line of lines) {
    const [file, name, version] = line.split('\t');
    const owner = facts.owners.get(fs.realpathSync(path.resolve(folder, file)));
    assert.ok(owner !== undefined, line);
    if (owner.name === name) assert.equal(owner.version.replace(/^v|_/g, ''), version.replace(/^v|_/g, ''), line);
    // Perl's own modules count as Perl, the others as themselves or as the one above them.
    else assert.ok(owner.name === 'perl' || name.startsWith(owner.name + '::'), line);
  }
});

test('findLanguagePackages() reads jars of every kind', (t) => {
  if (skipWithout(t, PYTHON)) return;
  const folder = makeTemporary();
  write(folder, { 'make.py': `
import zipfile, sys
def jar(name, files, method=zipfile.ZIP_DEFLATED, comment=b'', big=False):
    with zipfile.ZipFile(name, 'w', method) as z:
        z.comment = comment
        for k, v in files.items():
            with z.open(zipfile.ZipInfo(k) if not big else k, 'w', force_zip64=big) as f: f.write(v.encode())
        if big:
            for i in range(66000): z.writestr('c/%d.class' % i, '')
pom = lambda g, a, v: 'groupId=%s\\nartifactId=%s\\nversion=%s\\n' % (g, a, v)
P = 'META-INF/maven/%s/%s/pom.properties'
jar('one.jar', {P % ('org.x', 'one'): pom('org.x', 'one', '1.5')}, zipfile.ZIP_STORED, b'PK\\x05\\x06 a comment')
jar('two-2.0.jar', {P % ('org.y', 'shaded'): pom('org.y', 'shaded', '9'), P % ('org.x', 'two'): pom('org.x', 'two', '2.0')})
jar('three.jar', {'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\\r\\nImplementation-Title: a-very-long-title-that-goes-on-in-the-nex\\r\\n t-line\\r\\nImplementation-Version: 3.1 build 7\\r\\n\\r\\nName: x\\r\\nImplementation-Version: 0\\r\\n'})
jar('four.jar', {'META-INF/MANIFEST.MF': 'Manifest-Version: 1.0\\nImplementation-Title: Four for People\\nBundle-SymbolicName: org.four;singleton:=true\\nBundle-Version: 4.0.0\\n'})
jar('five-5.1-sources.jar', {'x.class': ''})
jar('big.jar', {P % ('org.x', 'big'): pom('org.x', 'big', '6.5')}, big=True)
jar('repository/org/seven/seven/7.0/seven-7.0.jar', {})
` });
  fs.mkdirSync(path.join(folder, 'repository/org/seven/seven/7.0'), { recursive: true });
  const done = run(folder, [PYTHON, 'make.py']);
  assert.equal(done.status, 0, done.stderr);
  fs.writeFileSync(path.join(folder, 'eight-8.jar'), 'no zip');
  fs.writeFileSync(path.join(folder, 'nine.jar'), fs.readFileSync(path.join(folder, 'one.jar')).slice(40));
  const facts = find(under(folder, 'one.jar', 'two-2.0.jar', 'three.jar', 'four.jar', 'five-5.1-sources.jar', 'big.jar', 'repository/org/seven/seven/7.0/seven-7.0.jar', 'eight-8.jar', 'nine.jar', 'missing.jar'));
  assert.deepEqual(namesOf(facts, 'java'), [
    'a-very-long-title-that-goes-on-in-the-next-line 3.1', 'eight 8', 'five 5.1-sources', 'missing ', 'nine ',
    'org.four 4.0.0', 'org.seven:seven 7.0', 'org.x:big 6.5', 'org.x:one 1.5', 'org.x:two 2.0',
  ]);
});

test('findLanguagePackages() names the Java that ran', (t) => {
  if (skipWithout(t, 'strace', 'java')) return;
  const { read } = watch('/', ['java', '-version']);
  const said = run('/', ['java', '-XshowSettings:properties', '-version']).stderr;
  assert.deepEqual(namesOf(find(read), 'java'), ['java ' + (/java\.runtime\.version = (\S+)/.exec(said) ?? [])[1]]);
});

test('findLanguagePackages() takes Julia\'s packages from manifests, depots and folders', () => {
  const folder = makeTemporary();
  write(folder, {
    'project/Manifest.toml': 'julia_version = "1.9.3"\nmanifest_format = "2.0"\n\n[[deps.CSV]]\ndeps = ["Dates"]\ngit-tree-sha1 = "44dbf560808d49041989b8a96cae4cffbeb7966a"\nuuid = "336ed68f-0bac-5ca0-87d4-7b16caf5d00b"\nversion = "0.10.11"\n\n    [deps.CSV.extensions]\n    version = "7"\n\n'
      + '[[deps.Tide]]\npath = "../Tide"\nversion = "0.2.0"\n\n[[deps.Zlib_jll]]\nversion = "1.2.13+0"\ngit-tree-sha1 = "0000000000000000000000000000000000000001"\nrepo-url = "https://user:secret@example.org/z.git"\n',
    'depot/compiled/v1.9/CSV/HHBkp_abc.ji': '', 'depot/packages/Old/aB3dE/src/Old.jl': '', 'depot/packages/Old/aB3dE/Project.toml': 'name = "Old"\nversion = "4.5.6"\n[deps]\nversion = "x"\n',
    'depot/packages/Zlib_jll/xYz12/src/Zlib_jll.jl': '', 'depot/packages/Zlib_jll/xYz12/Artifacts.toml': '[[Zlib]]\ngit-tree-sha1 = "1111111111111111111111111111111111111111"\n',
    'depot/artifacts/1111111111111111111111111111111111111111/lib/libz.so': '', 'Tide/src/Tide.jl': '', 'jl/share/julia/stdlib/v1.9/Dates/src/Dates.jl': '', 'jl/lib/julia/sys.so': '',
  });
  const read = under(folder, 'depot/compiled/v1.9/CSV/HHBkp_abc.ji', 'depot/packages/Old/aB3dE/src/Old.jl', 'depot/packages/Zlib_jll/xYz12/src/Zlib_jll.jl',
    'depot/artifacts/1111111111111111111111111111111111111111/lib/libz.so', 'Tide/src/Tide.jl', 'jl/share/julia/stdlib/v1.9/Dates/src/Dates.jl', 'jl/lib/julia/sys.so');
  const facts = find(read, path.join(folder, 'project'));
  assert.deepEqual(facts.packages.map((one) => [one.name, one.version, one.detail]), [
    ['CSV', '0.10.11', 'tree 44dbf560808d49041989b8a96cae4cffbeb7966a'], ['Old', '4.5.6', ''], ['Tide', '0.2.0', 'editable ' + path.join(folder, 'Tide')],
    ['Zlib_jll', '1.2.13+0', 'tree 0000000000000000000000000000000000000001 https://example.org/z.git'], ['julia', '1.9.3', ''],
  ]);
  assert.deepEqual(read.filter((name) => !facts.explained.has(name)), []);
  assert.deepEqual(facts.lockFiles, [path.join(folder, 'project', 'Manifest.toml')]);
});

test('findLanguagePackages() names gems by their folders, and Ruby by rbconfig.rb', () => {
  const folder = makeTemporary();
  write(folder, { 'lib/ruby/3.1.0/x86_64-linux/rbconfig.rb': '  CONFIG["MAJOR"] = "3"\n  CONFIG["MINOR"] = "1"\n  CONFIG["TEENY"] = "2"\n' });
  const facts = find(under(folder, 'lib/ruby/3.1.0/x86_64-linux/rbconfig.rb', 'lib/ruby/3.1.0/json.rb', 'lib/ruby/gems/3.1.0/gems/nokogiri-1.13.10-x86_64-linux/lib/n.rb',
    'lib/ruby/gems/3.1.0/gems/net-http-2-0.4.pre1/x.rb', 'b/ruby/3.1.0/bundler/gems/tide-0123456789ab/lib/tide.rb', 'lib/ruby/vendor_ruby/x.rb'));
  assert.deepEqual(facts.packages.map((one) => [one.name, one.version, one.detail]), [
    ['net-http-2', '0.4.pre1', ''], ['nokogiri', '1.13.10', 'x86_64-linux'], ['ruby', '3.1.2', ''], ['tide', '', 'git 0123456789ab'],
  ]);
});

test('findLanguagePackages() names the gems that Ruby says it loaded files of', (t) => {
  if (skipWithout(t, 'strace', 'ruby')) return;
  // Default gems lie in the standard library: they count as Ruby.
  const script = 'require "json"; %w[rake minitest].each { |one| begin; require one; rescue LoadError; end }; '
    + 'puts Gem.loaded_specs.values.select { |one| $LOADED_FEATURES.any? { |file| File.realpath(file).start_with?(File.realpath(one.full_gem_path) + "/") if File.exist?(file) } if File.exist?(one.full_gem_path) }'
    + '.reject { |one| one.default_gem? }.map { |one| "#{one.name} #{one.version}" }, "ruby #{RUBY_VERSION}"';
  const { read, stdout } = watch('/', ['ruby', '-e', script]);
  const facts = find(read);
  assert.deepEqual(namesOf(facts, 'ruby'), stdout.trim().split('\n').sort());
  assert.deepEqual(read.filter((name) => /\/ruby\/(?:gems\/)?\d|\.gemspec$/.test(name) && !facts.explained.has(name)), []);
});

test('findLanguagePackages() gives the lock files of the languages that were used', () => {
  const folder = makeTemporary();
  const names = ['requirements.txt', 'requirements-dev.txt', 'poetry.lock', 'package-lock.json', 'renv.lock', 'Cargo.lock', 'go.sum', 'Gemfile.lock', 'environment.yml', 'Project.toml', 'other.lock'];
  write(folder, Object.fromEntries(names.map((name) => [name, ''])));
  fs.mkdirSync(path.join(folder, 'uv.lock'));
  const locks = (...programs: string[]): string[] => find([], folder, programs).lockFiles.map((name) => path.basename(name));
  assert.deepEqual(locks('/x/bin/python3.11'), ['environment.yml', 'poetry.lock', 'requirements-dev.txt', 'requirements.txt']);
  assert.deepEqual(locks('/usr/lib/R/bin/exec/R', '/x/cargo'), ['Cargo.lock', 'environment.yml', 'renv.lock']);
  assert.deepEqual(locks('/usr/bin/node', '/usr/bin/julia'), ['Project.toml', 'environment.yml', 'package-lock.json']);
  assert.deepEqual(locks('/usr/bin/awk'), []);
});

test('findLanguagePackages() gives the same for any order, and nothing for nothing', () => {
  const site = path.join(makeTemporary(), 'site-packages');
  write(site, { 'b/x.py': '', 'a/x.py': '', 'c.py': '' });
  const read = under(site, 'b/x.py', 'a/x.py', 'c.py');
  assert.deepEqual(find(read), find(read.slice().reverse().concat(read)));
  assert.deepEqual(find([]), { packages: [], lockFiles: [], explained: new Set(), owners: new Map() });
});

// Numerical Recipes' generator: the same damage every time.
function makeRandom(seed: number): () => number {
  let state = seed;
  return () => (state = (Math.imul(state, 1664525) + 1013904223) >>> 0) / 4294967296;
}

test('findLanguagePackages() survives metadata that is damaged, no file, or not readable', () => {
  const folder = makeTemporary();
  const good: { [name: string]: string } = {
    'site-packages/a-1.dist-info/METADATA': 'Name: a\nVersion: 1\n', 'site-packages/a-1.dist-info/RECORD': 'a/x.py,,\n"q""uote.py",,\n', 'site-packages/a-1.dist-info/direct_url.json': '{"url": "file:///x", "dir_info": {"editable": true}}',
    'site-packages/z.egg-link': '/x\n.\n', 'site-packages/p.pth': '../../..\n', 'library/k/DESCRIPTION': 'Package: k\nBuilt: R 4\nVersion: 1\n', 'node_modules/n/package.json': '{"name":"n","version":"1"}',
    'depot/packages/J/abcde/Project.toml': 'name = "J"\nversion = "1"\n', 'Manifest.toml': '[[deps.J]]\nversion = "1"\n', 'perl/P.pm': 'package P;\nour $VERSION = 1;\n1;\n', 'jvm/release': 'JAVA_VERSION="1"\n',
  };
  const used = ['site-packages/a/x.py', 'library/k/Meta/package.rds', 'node_modules/n/i.js', 'depot/packages/J/abcde/src/J.jl', 'perl/P.pm', 'jvm/lib/modules', 'x.jar', 'y/x.py', 'Manifest.toml'];
  const zip = 'PK\x03\x04' + '\0'.repeat(26) + 'PK\x01\x02' + '\0'.repeat(42) + 'PK\x05\x06' + '\0'.repeat(8) + '\x2e\0\0\0\x1e\0\0\0\0\0';
  const random = makeRandom(20260101);
  for (let round = 0; round < 150; round++) {
    const damaged: { [name: string]: string } = {};
    for (const [name, text] of Object.entries({ ...good, 'x.jar': zip })) {
      const bytes = text.split('');
      for (let i = 0; i < 1 + round / 10; i++) bytes.splice(Math.floor(random() * bytes.length), Math.floor(random() * 3), String.fromCharCode(Math.floor(random() * 256)));
      damaged[name] = bytes.join('').slice(0, Math.floor(random() * 3 * bytes.length));
    }
    write(folder, damaged);
    find(under(folder, ...used), folder);
  }
  for (const name of Object.keys(good)) {
    fs.unlinkSync(path.join(folder, name));
    fs.mkdirSync(path.join(folder, name));
  }
  find(under(folder, ...used), folder);
  for (const name of Object.keys(good)) {
    fs.rmdirSync(path.join(folder, name));
    assert.equal(run(folder, ['mkfifo', path.join(folder, name)]).status, 0);
  }
  assert.deepEqual(namesOf(find(under(folder, ...used), folder), 'npm'), ['n ']);
});

test('parsePerlModule() reads the versions that Module::Metadata reads', (t) => {
  if (skipWithout(t, 'perl')) return;
  const folder = makeTemporary();
  const forms = [
    'our $VERSION = "1.23";', '$Tide::VERSION = 1.5;', 'use vars qw($VERSION); $VERSION = \'0.07\';', 'our ($VERSION) = "2.5";', 'our $VERSION = version->declare("v1.2.3");', 'our $VERSION = q{3.14};',
    '# $VERSION = 9;\nour $VERSION = "1.1"; # not 2', '=head1 X\n\n$VERSION = 9;\n\n=cut\n\nour $VERSION = "1.3";', 'our $VERSION = sprintf("%d.%02d", q$Revision: 2.4 $ =~ /(\\d+)\\.(\\d+)/);',
    'sub x { if ($VERSION == 3) { } }\nour $VERSION = "1.4";', 'package Other; our $VERSION = 7; package Tide; our $VERSION = "1.6";', '1;\n__END__\n$VERSION = 7;',
  ];
  forms.forEach((form, i) => write(folder, { [String(i) + '/Tide.pm']: 'package Tide;\n' + form + '\n1;\n' }));
  const asked = run(folder, ['perl', '-MModule::Metadata', '-e', 'for (@ARGV) { my $m = Module::Metadata->new_from_file($_); my $v = $m->version; print defined $v ? "$v" : "", "\\n" }'].concat(forms.map((_, i) => String(i) + '/Tide.pm')));
  if (asked.status !== 0) return t.skip('no Module::Metadata for perl');
  assert.deepEqual(forms.map((form) => parsePerlModule('package Tide;\n' + form + '\n1;\n', '/x/Tide.pm')?.version.replace(/^v/, '')), asked.stdout.split('\n').slice(0, -1).map((one) => one.replace(/^v/, '')));
  assert.equal(parsePerlModule('package Wave;\n', '/x/Tide.pm'), undefined);
  assert.deepEqual(parsePerlModule('package A::B 1.5;\n', '/x/A/B.pm'), { name: 'A::B', version: '1.5' });
});

test('the parsers of metadata read what the specifications allow', () => {
  assert.deepEqual(Array.from(parseHeaders('A: 1\r\nLong: ab\r\n c\r\nA: 2\r\nno field\r\n\r\nB: 3\r\n')), [['a', '1'], ['long', 'abc']]);
  assert.deepEqual(parseRecordPaths('a.py,sha256=x,1\r\n"b,""c"".py",,\n\nd\n'), ['a.py', 'b,"c".py', 'd']);
  assert.equal(normalizePythonName('Zope.Interface__x--Y'), 'zope-interface-x-y');
  assert.deepEqual(['six.py', 'numpy/core/x.py', '__pycache__/six.cpython-311.pyc', 'a.cpython-311-x86_64-linux-gnu.so', '.x\n'].map(topModuleOf), ['six', 'numpy', 'six', 'a', '']);
  assert.deepEqual(['a/__pycache__/b.cpython-311.opt-1.pyc', '__pycache__/six.cpython-36.pyc', 'b.pyc'].map(pythonSourceOf), ['a/b.py', 'six.py', 'b.pyc']);
  assert.deepEqual(['file:///a%20b/', 'file://localhost/c', 'file:/d', 'file://host/e', 'https://x/y'].map(decodeFileUrl), ['/a b', '/c', '/d', undefined, undefined]);
  assert.equal(parseDirectUrl('{"url":"https://me:pw@example.org/x.git","vcs_info":{"vcs":"git","commit_id":"abc"}}')?.text, 'git abc https://example.org/x.git');
  const bazaar = 'someone@example.org-20260101120000-0a1b2c';
  assert.equal(parseDirectUrl('{"url":"https://example.org/x","vcs_info":{"vcs":"bzr","commit_id":"' + bazaar + '"}}')?.text, 'bzr ' + bazaar + ' https://example.org/x');
  for (const commit of ['https://me:pw@example.org', '', 'a b']) assert.equal(parseDirectUrl(JSON.stringify({ url: 'https://example.org/x.git', vcs_info: { vcs: 'git', commit_id: commit } }))?.text, 'from https://example.org/x.git');
  assert.deepEqual(['', 'null', '[]', '{"url":1}', '{"url":"x","dir_info":7}'].map((text) => parseDirectUrl(text)?.text), [undefined, undefined, undefined, undefined, 'from x']);
  assert.deepEqual(parseEditableMapping('x = 1\nMAPPING = {\'a\': \'/x/a\', "b": "/y z/b"}\n'), ['/x/a', '/y z/b']);
  assert.deepEqual(parseJuliaManifest('[[A]]\nversion = "1"\n[[deps.B]]\npath = \'/b\' # c\n').entries.map((one) => [one.name, one.version, one.path]), [['A', '1', ''], ['B', '', '/b']]);
  assert.deepEqual(parseJuliaProject('version = "2"\nname = "X"\n[deps]\nname = "Y"\n'), { name: 'X', version: '2' });
  assert.equal(parseZipEnd('PK\x05\x06'), undefined);
  assert.deepEqual(parseZipEntries('PK\x01\x02' + '\xff'.repeat(60)), []);
});
