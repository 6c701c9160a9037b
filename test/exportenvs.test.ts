// exportenvs.test.ts - exports that rebuild a software environment, held against the programs that read them.
import { test } from 'node:test';
import assert from 'node:assert/strict';
import fs from 'fs';
import path from 'path';
import { emptyMetadata } from '../src/core/metadata.ts';
import { applyNotes } from '../src/core/notes.ts';
import type { Exported, Publication } from '../src/core/publication.ts';
import { emptyRun } from '../src/core/run.ts';
import type { FileState, Run } from '../src/core/run.ts';
import { collectSoftware } from '../src/core/recordedsoftware.ts';
import { readSystemRelease } from '../src/core/system.ts';
import { parseEnvironment } from '../src/formats/environment.ts';
import { printAptExport } from '../src/views/exportapt.ts';
import { printBinderExport } from '../src/views/exportbinder.ts';
import { printCodeOceanExport } from '../src/views/exportcodeocean.ts';
import { printCondaExport } from '../src/views/exportconda.ts';
import { printDockerfileExport } from '../src/views/exportdockerfile.ts';
import { printGuixExport } from '../src/views/exportguix.ts';
import { printNixExport } from '../src/views/exportnix.ts';
import { printPipExport } from '../src/views/exportpip.ts';
import { printSpackExport } from '../src/views/exportspack.ts';
import { hasProgram, judge, lacksJudges, listRecords, makeProject, makeTemporary, run, rr } from './rig.ts';

const HASH = '0'.repeat(64);

/** Runs a day apart, each with an environment record of these lines. */
function publish(environments: string[], change: (run: Run, at: number) => void = () => undefined): Publication {
  const publication: Publication = { metadata: emptyMetadata(), runs: [], recorded: [], results: [], inputs: [], environments: new Map(), momentUtc: '2024-03-09T00:00:00Z', rr: '1' };
  environments.forEach((text, at) => {
    const one = emptyRun('2024030' + String(at + 1) + 'T102030Z-aaaaa' + String(at), 'true', '2024-03-0' + String(at + 1) + 'T10:20:30.000001Z', '1');
    one.environment = String(at);
    publication.environments.set(String(at), parseEnvironment(text));
    change(one, at);
    publication.runs.push(applyNotes(one));
  });
  return publication;
}

function textOf(exported: Exported, name = ''): string {
  const file = exported.files.find((one) => name === '' || one.path === name);
  assert.ok(file !== undefined, name + ' of ' + exported.files.map((one) => one.path).join(' '));
  return file.text as string;
}

/** Lines that are no comments. */
function linesOf(text: string): string[] {
  return text.split('\n').filter((line) => line !== '' && line[0] !== '#');
}

function write(exported: Exported): string {
  const folder = makeTemporary();
  for (const file of exported.files) {
    fs.mkdirSync(path.dirname(path.join(folder, file.path)), { recursive: true });
    fs.writeFileSync(path.join(folder, file.path), file.text as string, { encoding: 'latin1', mode: file.isExecutable ? 0o755 : 0o644 });
  }
  return folder;
}

function assertLeft(exported: Exported, pattern: RegExp): void {
  assert.ok(exported.left.some((one) => pattern.test(one)), String(pattern) + ' in\n' + exported.left.join('\n'));
}

const LACKS_PYTHON = lacksJudges('hadolint');
const PYTHON = path.join(path.dirname(judge('hadolint') ?? '/'), 'python');

/** What a script of the judges' Python prints, as JSON. `input` is its standard input. */
function askPython(script: string, input: string, folder?: string): unknown {
  const done = run(folder, [PYTHON, '-c', 'import sys, json\n' + script], { input: Buffer.from(input, 'latin1') });
  assert.equal(done.status, 0, done.stderr);
  return JSON.parse(done.stdout) as unknown;
}

const DEBIAN = `Os: Debian GNU/Linux 12 (bookworm)
Kernel: Linux 6.1 x64
Executable: ${HASH}  10x /usr/bin/python3.11
Executable: ${HASH}  10x /usr/bin/sort
Library: ${HASH}  10 /usr/lib/x86_64-linux-gnu/libc.so.6
Package: dpkg coreutils 9.1-1 amd64
Package: dpkg g++-12 12.2.0-14+deb12u1 amd64
Package: dpkg libc6 2.36-9+deb12u4 amd64
Package: dpkg libc6 2.36-9+deb12u4 i386
Package: dpkg libx11-6 2:1.8.4-2~bpo12+1 amd64
Package: dpkg python3-yaml 6.0-3+b2 amd64
Package: dpkg python3.11-minimal 3.11.2-6 amd64
Package: dpkg tzdata 2024a-0+deb12u1 all
Package: python PyYAML 6.0
Package: python python 3.11.2
Package: python Typing_Extensions 4.9.0
Site: /usr/lib/python3/dist-packages
Site: /usr/local/lib/python3.11/dist-packages
Owner: dpkg coreutils /usr/bin/sort
Owner: dpkg python3.11-minimal /usr/bin/python3.11
Owner: dpkg libc6 /usr/lib/x86_64-linux-gnu/libc.so.6
File: ${HASH}  5 /etc/hosts
Limit: Max stack size 8388608 unlimited
`;
const PYENV = `Os: Debian GNU/Linux 12 (bookworm)
Kernel: Linux 6.1 x64
Executable: ${HASH}  10x /opt/py/bin/python3.11
Package: dpkg libc6 2.36-9+deb12u4 amd64
Package: python Own_Package 0.1 editable src
Package: python a.local 1.0 from file:///home/user/a.whl
Package: python archive 1.0 from https://example.org/archive-1.0-py3-none-any.whl
Package: python developed 0.3 editable /home/user/developed git 0123456789abcdef0123456789abcdef01234567
Package: python elsewhere 2.0 git 0123456789abcdef0123456789abcdef01234567 https://example.org/u/elsewhere.git
Package: python module -
Package: python numpy 1.26.4
Package: python old-style 1.0%20beta
Package: python python 3.11.7
Package: python torch 2.2.0+cu118
Site: /opt/py/lib/python3.11/site-packages
`;

// ---- gathering ------------------------------------------------------------------------------------------

test('readSystemRelease() reads the names that systems give themselves', () => {
  const facts = (name: string): string => {
    const { family, version, codename } = readSystemRelease(name);
    return [family, version, codename].join(' ');
  };
  assert.equal(facts('Debian GNU/Linux 12 (bookworm)'), 'debian 12 bookworm');
  assert.equal(facts('Debian GNU/Linux trixie/sid'), 'debian  trixie');
  assert.equal(facts('Ubuntu 22.04.3 LTS'), 'ubuntu 22.04 jammy');
  assert.equal(facts('Fedora Linux 39 (Container Image)'), 'fedora 39 ');
  assert.equal(facts('Rocky Linux 9.3 (Blue Onyx)'), 'rocky 9.3 ');
  assert.equal(facts('CentOS Stream 9'), 'centos-stream 9 ');
  assert.equal(facts('CentOS Linux 7 (Core)'), 'centos 7 ');
  assert.equal(facts('openSUSE Leap 15.5'), 'leap 15.5 ');
  assert.equal(facts('Alpine Linux v3.19'), 'alpine 3.19 ');
  assert.equal(facts('Debian GNU/Linux; rm -rf /'), 'other  ');
  assert.equal(facts('Some System 1'), 'other  ');
});

test('collectSoftware() takes the latest run\'s version, and tells the other and the runs elsewhere', () => {
  const software = collectSoftware(publish([PYENV, PYENV.replace('1.26.4', '1.25.0'), 'Os: Fedora Linux 39\nPackage: rpm bash 5-1 x86_64\n', PYENV.replace('numpy 1.26.4', 'numpy 1.24.0')]), 'pip');
  assert.deepEqual(software.conflicts, [{ manager: 'python', name: 'numpy', taken: '1.24.0', others: ['1.25.0', '1.26.4'] }]);
  assert.deepEqual(software.elsewhere, { systems: ['Fedora Linux 39 '], count: 1 });
  assert.deepEqual(software.packages.filter((one) => one.name === 'numpy' || one.manager === 'rpm').map((one) => one.version), ['1.24.0']);
  assert.equal(software.moment, '20240304T102030Z');
  const exported = printPipExport(publish([PYENV, PYENV.replace('1.26.4', '1.25.0')]));
  assertLeft(exported, /1 package in several versions.*numpy 1\.25\.0 \(not 1\.26\.4\)$/);
});

test('collectSoftware() knows which packages of languages came with those of the system', () => {
  const sources = (text: string): string[] => {
    const software = collectSoftware(publish([text]), 'pip');
    return software.packages.concat(software.interpreters).filter((one) => one.manager !== one.source).map((one) => one.name + ' ' + one.source);
  };
  assert.deepEqual(sources(DEBIAN), ['PyYAML dpkg', 'python dpkg']);
  assert.deepEqual(sources(DEBIAN.replace('PyYAML 6.0', 'PyYAML 6.0.1')), ['python dpkg'], 'another version is another package');
  assert.deepEqual(sources(DEBIAN.replace('Site: /usr/local/lib/python3.11/dist-packages\n', '')), ['PyYAML dpkg', 'Typing_Extensions dpkg', 'python dpkg']);
  assert.deepEqual(sources('Package: dpkg r-cran-data.table 1.14.8+dfsg-1 amd64\nPackage: dpkg r-base-core 4.2.2-1 amd64\nPackage: r data.table 1.14.8 built R 4.2.2\nPackage: r R 4.2.2\nPackage: r dplyr 1.1.0\n'
    + 'Package: dpkg libjson-xs-perl 4.030-2 amd64\nPackage: perl JSON::XS 4.030\nOwner: dpkg r-base-core /usr/lib/R/bin/exec/R\n'), ['JSON::XS dpkg', 'data.table dpkg', 'R dpkg']);
  assert.deepEqual(sources('Package: conda numpy 1.26.4=py311_0 linux-64\nPackage: conda python 3.11.7=h1_cpython linux-64\nPackage: python numpy 1.26.4\nPackage: python six 1.16.0\nPackage: python python 3.11.7\nOwner: conda python /c/bin/python3.11\n'),
    ['numpy conda', 'python conda']);
});

test('exports refuse runs without an environment record, and systems that have no image', () => {
  const bare = publish([DEBIAN], (one) => { one.environment = undefined; });
  assert.throws(() => printPipExport(bare), /cannot export "pip": none of the runs has an environment record/);
  assert.throws(() => printDockerfileExport(publish(['Os: NixOS 23.11 (Tapir)\n'])), /"NixOS 23.11 \(Tapir\)", of which no image is known/);
  assert.throws(() => printAptExport(publish(['Os: Alpine Linux v3.19\nPackage: apk bash 5-r0 x86_64\n'])), /the runs used no package of dpkg/);
});

// ---- apt ------------------------------------------------------------------------------------------------

test('export apt pins what dpkg had, and names the archive of that day', () => {
  const exported = printAptExport(publish([DEBIAN]));
  assert.deepEqual(linesOf(textOf(exported)), ['coreutils=9.1-1', 'g++-12=12.2.0-14+deb12u1', 'libc6:i386=2.36-9+deb12u4', 'libc6=2.36-9+deb12u4', 'libx11-6=2:1.8.4-2~bpo12+1',
    'python3-yaml=6.0-3+b2', 'python3.11-minimal=3.11.2-6', 'tzdata=2024a-0+deb12u1', 'python3-minimal']);
  assertLeft(exported, /packages of links to programs: python3-minimal$/);
  assert.match(textOf(exported), /^# {3}deb \[check-valid-until=no\] http:\/\/snapshot\.debian\.org\/archive\/debian-security\/20240301T102030Z bookworm-security main/m);
  assert.match(textOf(exported), /dpkg --add-architecture i386/);
  assertLeft(exported, /1 package of python is left out.*Typing_Extensions 4\.9\.0$/);
  const ubuntu = textOf(printAptExport(publish([DEBIAN.replace(/Debian.*/, 'Ubuntu 22.04.3 LTS')])));
  assert.match(ubuntu, /^# {3}deb https:\/\/snapshot\.ubuntu\.com\/ubuntu\/20240301T102030Z jammy-updates /m);
});

test('export apt of two days names both archives where the earlier had a package of its own', () => {
  const text = textOf(printAptExport(publish([DEBIAN + 'Package: dpkg gnuplot-nox 5.4.4 amd64\n', DEBIAN])));
  assert.deepEqual(text.match(/archive\/debian\/\w+/g), ['archive/debian/20240302T102030Z', 'archive/debian/20240302T102030Z', 'archive/debian/20240301T102030Z', 'archive/debian/20240301T102030Z']);
});

test('apt-get would install what export apt names', { skip: hasProgram('apt-get') && hasProgram('dpkg-query') ? false : 'no apt' }, () => {
  const installed = run(undefined, ['dpkg-query', '-W', '-f', 'Package: dpkg ${Package} ${Version} ${Architecture}\n', 'bash', 'coreutils', 'libc6', 'tar', 'sed']).stdout;
  const pins = linesOf(textOf(printAptExport(publish(['Os: Debian GNU/Linux 12 (bookworm)\n' + installed]))));
  assert.equal(pins.length, 5);
  const done = run(undefined, ['apt-get', 'install', '-s', '--allow-downgrades'].concat(pins), { env: { LC_ALL: 'C' } });
  assert.equal(done.status, 0, done.stderr);
  const wrong = run(undefined, ['apt-get', 'install', '-s', pins[0] + '.0'], { env: { LC_ALL: 'C' } });
  assert.notEqual(wrong.status, 0, 'the judge refuses a version that is not there');
});

// ---- dockerfile -----------------------------------------------------------------------------------------

/** Does hadolint warn of nothing but what the file says is to be passed over? */
function assertLinted(text: string): void {
  const done = run(undefined, [judge('hadolint') as string, '--failure-threshold', 'warning', '-'], { input: Buffer.from(text, 'latin1') });
  assert.equal(done.status, 0, done.stdout + done.stderr + text);
}

const SYSTEMS: { os: string; packages: string; image: string; command: RegExp }[] = [
  { os: 'Debian GNU/Linux 12 (bookworm)', packages: 'Package: dpkg bash 5.2.15-2+b8 amd64\n', image: 'debian:bookworm', command: /^ +bash=5\.2\.15-2\+b8 \\$/m },
  { os: 'Ubuntu 22.04.3 LTS', packages: 'Package: dpkg bash 5.1-6ubuntu1 amd64\n', image: 'ubuntu:22.04', command: /snapshot\.ubuntu\.com\/ubuntu\/\$at jammy main/ },
  { os: 'Fedora Linux 39 (Container Image)', packages: 'Package: rpm bash 5.2.15-5.fc39 x86_64\nPackage: rpm perl-libs 4:5.38.2-502.fc39 x86_64\n', image: 'fedora:39', command: /dnf install -y [^\n]*\n +bash-5\.2\.15-5\.fc39\.x86_64 \\\n +perl-libs-4:5\.38\.2-502\.fc39\.x86_64 / },
  { os: 'CentOS Linux 7 (Core)', packages: 'Package: rpm bash 4.2.46-34.el7 x86_64\n', image: 'centos:7', command: /yum install -y/ },
  { os: 'openSUSE Leap 15.5', packages: 'Package: rpm bash 4.4-150400.25.22 x86_64\n', image: 'opensuse/leap:15.5', command: /zypper .*\n +bash\.x86_64=4\.4-150400\.25\.22 / },
  { os: 'Alpine Linux v3.19', packages: 'Package: apk bash 5.2.21-r0 x86_64\n', image: 'alpine:3.19', command: /apk add --no-cache \\\n +bash=5\.2\.21-r0 / },
  { os: 'Arch Linux', packages: 'Package: pacman bash 5.2.026-2 x86_64\n', image: 'archlinux:base', command: /archive\.archlinux\.org\/repos\/2024\/03\/01\// },
];

test('export dockerfile begins with the image of the system, and installs its packages', { skip: LACKS_PYTHON }, () => {
  for (const { os, packages, image, command } of SYSTEMS) {
    const text = textOf(printDockerfileExport(publish(['Os: ' + os + '\nKernel: Linux 6.1 x64\n' + packages])));
    assert.match(text, new RegExp('^FROM --platform=linux/amd64 ' + image.replace(/\./g, '\\.') + '$', 'm'));
    assert.match(text, command);
    assertLinted(text);
  }
});

const LANGUAGES = `Os: Debian GNU/Linux 12 (bookworm)
Kernel: Linux 6.1 arm64
Package: dpkg r-base-core 4.2.2-1 arm64
Package: julia JSON 0.21.4 tree 31e996f0a15c7b280ba9f76636b3ff9e2ae58c9a
Package: julia julia 1.10.0
Package: npm @types/node 20.1.0
Package: npm left-pad 1.3.0
Package: r R 4.2.2
Package: r dplyr 1.1.4 built R 4.2.2
Package: r onhub 0.1.0 built R 4.2.2 git 0123456789abcdef0123456789abcdef01234567 github/user/onhub
Package: ruby json 2.6.1
Package: perl JSON::XS 4.03
Owner: dpkg r-base-core /usr/lib/R/bin/exec/R
`;

test('export dockerfile installs packages of languages with their own installers', { skip: LACKS_PYTHON }, () => {
  const exported = printDockerfileExport(publish([LANGUAGES]));
  const text = textOf(exported);
  assertLinted(text);
  assert.match(text, /^FROM --platform=linux\/arm64 julia:1\.10\.0-bookworm$/m);
  assert.match(text, /remotes::install_version\("dplyr", "1\.1\.4", upgrade = "never"\)/);
  assert.match(text, /remotes::install_github\("user\/onhub", ref = "0123456789abcdef0123456789abcdef01234567"/);
  assert.match(text, /https:\/\/packagemanager\.posit\.co\/cran\/2024-03-01/);
  assert.match(text, /Pkg\.add\(\[PackageSpec\(name="JSON", version="0\.21\.4"\)\]\)/);
  assert.match(text, /^ {6}json:2\.6\.1$/m);
  assert.match(text, /^ {6}@types\/node@20\.1\.0 \\$/m);
  assertLeft(exported, /1 package of perl is left out.*JSON::XS 4\.03$/);
  const conda = textOf(printDockerfileExport(publish(['Os: Debian GNU/Linux 12 (bookworm)\nPackage: conda numpy 1.26.4=py311_0 linux-64\n'])));
  assertLinted(conda);
  assert.match(conda, /^ARG CONDA_CHANNEL$/m);
  const channels = textOf(printDockerfileExport(publish([CONDA])));
  assertLinted(channels);
  assert.match(channels, / -c conda-forge -c https:\/\/repo\.anaconda\.com\/pkgs\/main \\$/m);
  const pyenv = textOf(printDockerfileExport(publish([PYENV])));
  assertLinted(pyenv);
  assert.match(pyenv, /^FROM --platform=linux\/amd64 python:3\.11\.7-slim-bookworm$/m);
  const debian = textOf(printDockerfileExport(publish([DEBIAN])));
  assertLinted(debian);
  assert.match(debian, /^ +python3\.11-minimal=3\.11\.2-6 \\$/m);
  assert.match(debian, /pip install --no-cache-dir \\\n +typing-extensions==4\.9\.0$/m, 'Debian brought PyYAML');
});

test('export dockerfile sets the variables that all runs had, with their exact values', { skip: LACKS_PYTHON }, () => {
  const value = 'a "b" \\ $HOME `c` \'d\' #e \xc3\xa9';
  const exported = printDockerfileExport(publish([DEBIAN, DEBIAN], (one, at) => {
    one.declaredVariables = ['MODE', 'LINES_OF', 'HIDDEN', 'TWO'];
    one.variables = ['LANG=en_US.UTF-8', 'MODE=' + value, 'LINES_OF=a\nRUN rm -rf /', 'TWO=' + String(at)];
    one.variableHashes = ['HIDDEN 00112233', 'SOME_TOKEN 00112233'];
  }));
  const text = textOf(exported);
  assertLinted(text);
  assert.match(text, /localedef -i en_US -f UTF-8 en_US\.UTF-8/);
  assert.doesNotMatch(text, /^RUN rm/m);
  // Docker's own words: in double quotes a backslash makes '"', '\' and '$' stand for themselves.
  const set = /^ENV MODE="((?:[^"\\]|\\.)*)"$/m.exec(text);
  assert.equal(set?.[1].replace(/\\(["\\$])/g, '$1'), value);
  assert.doesNotMatch(set?.[1] ?? '', /(?:^|[^\\])\$/);
  assertLeft(exported, /no text of one line.*LINES_OF$/);
  assertLeft(exported, /1 variable differs.*: TWO;/);
  assertLeft(exported, /withheld as secrets: HIDDEN$/);
  assert.doesNotMatch(text + exported.left.join(), /00112233|SOME_TOKEN/);
});

// ---- pip ------------------------------------------------------------------------------------------------

const READ_REQUIREMENTS = `
from packaging.requirements import Requirement
found = []
for line in sys.stdin.read().split('\\n'):
    line = line.strip()
    if line == '' or line[0] == '#':
        continue
    one = Requirement(line)
    found.append([one.name, str(one.specifier), one.url])
print(json.dumps(found))`;

test('export pip gives requirements that packaging reads as they were recorded', { skip: LACKS_PYTHON }, () => {
  const exported = printPipExport(publish([PYENV]));
  assert.deepEqual(askPython(READ_REQUIREMENTS, textOf(exported)), [
    ['archive', '', 'https://example.org/archive-1.0-py3-none-any.whl'],
    ['elsewhere', '', 'git+https://example.org/u/elsewhere.git@0123456789abcdef0123456789abcdef01234567'],
    ['numpy', '==1.26.4', null], ['torch', '==2.2.0+cu118', null],
  ]);
  assertLeft(exported, /^a requirements file cannot say which Python: it was python 3\.11\.7$/);
  assertLeft(exported, /3 packages of Python came from a place on that machine.*Own_Package 0\.1, a\.local 1\.0 and developed 0\.3$/);
  assertLeft(exported, /1 package of Python had no version that is known: module$/);
  assertLeft(exported, /had a name or a version that pip does not take: old-style 1\.0 beta$/);
  assertLeft(exported, /local version.*torch==2\.2\.0\+cu118$/);
  assertLeft(exported, /folder of the project.*: src$/);
  assert.match(textOf(exported), /^# {3}developed 0\.3 \(editable \/home\/user\/developed git 0123456789abcdef0123456789abcdef01234567\)$/m);
});

test('pip itself reads export pip', { skip: LACKS_PYTHON }, () => {
  const folder = write(printPipExport(publish([PYENV])));
  const parsed = askPython('from pip._internal.req import parse_requirements\nfrom pip._internal.network.session import PipSession\n'
    + 'print(json.dumps([one.requirement for one in parse_requirements("requirements.txt", session=PipSession())]))', '', folder) as string[];
  assert.equal(parsed.length, 4);
});

// ---- conda ----------------------------------------------------------------------------------------------

const CONDA = `Os: Debian GNU/Linux 12 (bookworm)
Kernel: Linux 6.1 x64
Package: conda _libgcc_mutex 0.1=conda_forge linux-64
Package: conda numpy 1.26.4=py311h64a7726_0 linux-64 conda-forge
Package: conda python 3.11.7=hab00c5b_1_cpython linux-64
Package: conda x264 1!164.3095=h166bdaf_2 linux-64 conda-forge
Package: conda mkl 2023.1.0=h213fc3f_46344 linux-64 https://repo.anaconda.com/pkgs/main
Package: conda bad%0Aname 1.0=0 linux-64
Package: python elsewhere 2.0 git 0123456789abcdef0123456789abcdef01234567 https://example.org/u/elsewhere.git
Package: python numpy 1.26.4
Package: python python 3.11.7
Package: python six 1.16.0
Owner: conda python /c/bin/python3.11
`;
const READ_CONDA = `
import yaml
from rattler import MatchSpec
content = yaml.safe_load(sys.stdin)
specs = [one for one in content['dependencies'] if isinstance(one, str)]
pip = [one['pip'] for one in content['dependencies'] if isinstance(one, dict)]
read = [MatchSpec(one) for one in specs]
print(json.dumps([content.get('channels'), [[one.name.normalized, str(one.version), str(one.build)] for one in read], pip]))`;

test('export conda gives an environment.yml whose specs rattler reads as they were recorded', { skip: LACKS_PYTHON }, () => {
  const exported = printCondaExport(publish([CONDA]));
  assert.deepEqual(askPython(READ_CONDA, textOf(exported)), [['conda-forge', 'https://repo.anaconda.com/pkgs/main'], [
    ['_libgcc_mutex', '==0.1', 'conda_forge'], ['mkl', '==2023.1.0', 'h213fc3f_46344'], ['numpy', '==1.26.4', 'py311h64a7726_0'], ['python', '==3.11.7', 'hab00c5b_1_cpython'], ['x264', '==1!164.3095', 'h166bdaf_2'], ['pip', 'None', 'None'],
  ], [['elsewhere @ git+https://example.org/u/elsewhere.git@0123456789abcdef0123456789abcdef01234567', 'six==1.16.0']]]);
  assertLeft(exported, /order of the channels is not recorded/);
  assertLeft(exported, /1 package had a name.*: bad%0Aname 1\.0=0$/);
  const foreign = printCondaExport(publish([LANGUAGES]));
  assertLeft(foreign, /nothing of what ran came from conda/);
  assertLeft(foreign, /channels are not recorded/);
  assert.match(textOf(foreign), /^ {2}- r-base=4\.2\.2\n {2}- r-dplyr=1\.1\.4$/m);
});

// ---- guix, nix, spack -------------------------------------------------------------------------------------

const STORE = 'a1b2c3d4f5g6h7i8j9k0l1m2n3p4q5r6';
const GUIX = `Os: Guix System
Executable: ${HASH}  10x /gnu/store/${STORE}-python-3.10.7/bin/python3.10
Library: ${HASH}  10 /gnu/store/${STORE}-gcc-11.3.0-lib/lib/libgcc_s.so.1
Package: guix gcc 11.3.0-lib
Package: guix profile -
Package: guix python 3.10.7
Package: guix python-numpy 1.23.2
Package: guix bad"name)(delete-file%20"x") 1.0
Package: python python 3.10.7
Owner: guix python /gnu/store/${STORE}-python-3.10.7/bin/python3.10
`;

/** All forms of a file of Scheme, as guile writes them. */
function readScheme(text: string): string {
  const script = '(let loop ((one (read))) (unless (eof-object? one) (write one) (newline) (loop (read))))';
  const done = run(undefined, ['guile', '--no-auto-compile', '-c', script], { input: Buffer.from(text, 'latin1'), env: { LC_ALL: 'C.UTF-8' } });
  assert.equal(done.status, 0, done.stderr);
  return done.stdout;
}

test('export guix asks for what Guix brought; guile reads both files', { skip: hasProgram('guile') ? false : 'no guile' }, () => {
  const exported = printGuixExport(publish([GUIX]));
  assert.deepEqual(exported.files.map((one) => one.path), ['channels.scm', 'manifest.scm']);
  assert.equal(readScheme(textOf(exported, 'channels.scm')), '%default-channels\n');
  assert.equal(readScheme(textOf(exported, 'manifest.scm')), '(specifications->manifest (list "python@3.10.7" "python-numpy@1.23.2"))\n');
  assertLeft(exported, /come as others need them.*: gcc 11\.3\.0-lib$/);
  assertLeft(exported, /guix does not take: bad"name/);
  assertLeft(exported, /no commit that is recorded/);
  const foreign = printGuixExport(publish([DEBIAN + 'Package: python evil%0A(delete-file"x") 1\n']));
  assert.equal(readScheme(textOf(foreign, 'manifest.scm')), '(specifications->manifest (list))\n');
  assert.match(textOf(foreign, 'manifest.scm'), /^;; {3}"python-typing-extensions@4\.9\.0"$/m);
});

test('export nix: a variable that is a word of the language is quoted, one that stdenv carries out is left out', () => {
  const exported = printNixExport(publish(['Os: NixOS 23.11 (Tapir)\n'], (one) => {
    one.declaredVariables = ['in', 'inherit', 'preHook', 'OTHER'];
    one.variables = ['in=1', 'inherit=2', 'preHook=touch x', 'OTHER=3'];
  }));
  assert.deepEqual(textOf(exported).split('\n').filter((line) => / = "/.test(line)).sort(), ['  "in" = "1";', '  "inherit" = "2";', '  OTHER = "3";']);
  assertLeft(exported, /another meaning than that of a variable: preHook$/);
});

test('export nix names store paths; Nix parses it, and gives the variables their values', { skip: hasProgram('nix-instantiate') ? false : 'no nix-instantiate' }, () => {
  const value = 'a "b" \\ ${x} $${y} $z \'\'\nnext\ttab';
  const exported = printNixExport(publish([`Os: NixOS 23.11 (Tapir)
Executable: ${HASH}  10x /nix/store/${STORE}-python3-3.11.6/bin/python3.11
Library: ${HASH}  10 /nix/store/${STORE}-glibc-2.38-27/lib/libc.so.6
Package: nix glibc 2.38-27
Package: nix python3 3.11.6
Package: nix python3.11-numpy 1.26.1
Package: python evil%0A}:%20throw 1
`], (one) => {
    one.declaredVariables = ['MODE', 'shellHook'];
    one.variables = ['MODE=' + value, 'shellHook=rm -rf /'];
  }));
  const folder = write(exported);
  const parsed = run(folder, ['nix-instantiate', '--parse', 'shell.nix'], { env: { HOME: folder } });
  assert.equal(parsed.status, 0, parsed.stderr);
  const asked = run(folder, ['nix-instantiate', '--eval', '--strict', '--json', '-E', '(import ./shell.nix) { pkgs = { mkShell = x: { inherit (x) MODE; names = builtins.attrNames x; }; }; }'],
    { env: { HOME: folder, NIX_STATE_DIR: folder + '/var', NIX_STORE_DIR: folder + '/store', NIX_REMOTE: 'dummy://' } });
  assert.equal(asked.status, 0, asked.stderr);
  assert.deepEqual(JSON.parse(asked.stdout), { MODE: value, names: ['MODE', 'packages'] });
  assert.match(textOf(exported), new RegExp('^ {4}"/nix/store/' + STORE + '-python3-3\\.11\\.6"$', 'm'));
  assertLeft(exported, /1 package of Nix were only read.*: python3\.11-numpy 1\.26\.1$|python3\.11-numpy 1\.26\.1$/);
  assertLeft(exported, /another meaning than that of a variable: shellHook$/);
});

test('export spack tells what Spack installed from its paths, and the rest by its rule for names', { skip: LACKS_PYTHON }, () => {
  const hash = 'abcdefghijklmnopqrstuvwxyz234567';
  const exported = printSpackExport(publish([`Os: Rocky Linux 9.3 (Blue Onyx)
Executable: ${HASH}  10x /opt/spack/linux-rocky9-zen3/gcc-12.2.0/python-3.11.6-${hash}/bin/python3.11
Library: ${HASH}  10 /opt/spack/linux-rocky9-zen3/gcc-12.2.0/hdf5-1.14.3-${hash}/lib/libhdf5.so.310
Library: ${HASH}  10 /opt/spack/linux-x86_64/netcdf-c-4.9.2-${hash}/lib/libnetcdf.so
Package: python python 3.11.6
Package: python ruamel.yaml 0.18.5
Package: python torch 2.2.0+cu118
Package: python evil%0A- 1.0
Package: rpm bash 5.1-1 x86_64
`], (one) => { one.compilers = [{ path: 'model', producer: 'GNU Fortran2008 13.1.0 -O3 (2 units)' }]; }));
  const content = askPython('import yaml\nprint(json.dumps(yaml.safe_load(sys.stdin)))', textOf(exported)) as { spack: { specs: string[] } };
  assert.deepEqual(content.spack.specs, ['gcc@13.1.0', 'hdf5@1.14.3%gcc@12.2.0', 'netcdf-c@4.9.2', 'py-ruamel-yaml@0.18.5', 'python@3.11.6%gcc@12.2.0']);
  assert.match(textOf(exported), new RegExp('^# hdf5@1\\.14\\.3%gcc@12\\.2\\.0 was /' + hash + '$', 'm'));
  assertLeft(exported, /1 package of rpm is left out.*bash 5\.1-1$/);
  assertLeft(exported, /2 packages of python are left out/);
});

// ---- binder, codeocean ------------------------------------------------------------------------------------

const DETECT = `
import logging
from repo2docker.app import Repo2Docker
logging.disable(logging.CRITICAL)
app = Repo2Docker()
for kind in app.buildpacks:
    pack = kind(base_image=app.base_image)
    if pack.detect():
        break
print(json.dumps([kind.__name__, pack.runtime[0], pack.runtime[1], str(pack.runtime[2])]))`;

/** The buildpack that repo2docker would choose, and what runtime.txt says to it. */
function detect(exported: Exported): unknown {
  return askPython(DETECT, '', write(exported));
}

test('repo2docker knows what to do with export binder', { skip: LACKS_PYTHON }, () => {
  const debian = printBinderExport(publish([DEBIAN], (one) => { one.variables = ['LANG=C.UTF-8', 'TZ=it\'s']; }), [], []);
  assert.deepEqual(debian.files.map((one) => [one.path, one.isExecutable]), [['binder/apt.txt', false], ['binder/requirements.txt', false], ['binder/runtime.txt', false], ['binder/start', true]]);
  assert.deepEqual(detect(debian), ['PythonBuildPack', 'python', '3.11', 'None']);
  assert.deepEqual(linesOf(textOf(debian, 'binder/apt.txt')), ['coreutils'], 'programs without their libraries, and without Python');
  const started = run(write(debian), ['binder/start', 'sh', '-c', 'printf "%s %s" "$LANG" "$TZ"']);
  assert.equal(started.stdout, 'C.UTF-8 it\'s');
  const r = printBinderExport(publish([LANGUAGES.replace(/Package: julia.*\n/g, '')]), [], []);
  assert.deepEqual(detect(r), ['RBuildPack', 'r', '4.2.2', '2024-03-01']);
  const julia = printBinderExport(publish([LANGUAGES]), [], []);
  assert.deepEqual(detect(julia), ['JuliaProjectTomlBuildPack', null, null, 'None']);
  const compat = askPython('import tomllib\nprint(json.dumps(tomllib.loads(sys.stdin.read())))', textOf(julia, 'binder/Project.toml'));
  assert.deepEqual(compat, { deps: {}, compat: { julia: '=1.10.0' } });
  assert.deepEqual(detect(printBinderExport(publish([CONDA]), [], [])), ['CondaBuildPack', null, null, 'None']);
});

test('export binder refuses a project of which repo2docker would read something else', () => {
  assert.throws(() => printBinderExport(publish([DEBIAN]), ['.binder', 'a'], []), /the project has "\.binder"/);
  assert.throws(() => printBinderExport(publish([DEBIAN]), ['binder'], ['Dockerfile']), /with "binder\/Dockerfile" repo2docker reads nothing else/);
});

function file(name: string): FileState {
  return { hash: HASH, size: 1, kind: '', path: name };
}

test('export codeocean: place.sh takes the project apart, and run puts it together again', { skip: LACKS_PYTHON }, () => {
  const publication = publish([DEBIAN], (one) => { one.codeFiles = [{ state: 'clean', path: 'scripts/fit it.sh' }]; });
  publication.metadata.title = 'A "title": with # \x7f \xc2\x85 \xe2\x80\xa8x';
  publication.metadata.creators = [{ kind: 'person', name: 'A. Author', affiliation: 'An Institute' }];
  publication.inputs = [file('-odd \'name.dat'), file('data/a b.csv'), file('scripts/fit it.sh'), file('/etc/passwd'), file('../up')].map((one) => ({ file: one, readers: [] }));
  publication.results = [{ file: file('out/it\'s.txt'), runId: publication.runs[0].run.id }];
  const exported = printCodeOceanExport(publication);
  assertLinted(textOf(exported, 'environment/Dockerfile'));
  assert.deepEqual(askPython('import yaml\nprint(json.dumps(yaml.safe_load(sys.stdin)))', textOf(exported, 'metadata/metadata.yml')),
    { metadata_version: 1, name: 'A "title": with # \x7f \x85 \u2028x', authors: [{ name: 'A. Author', affiliations: [{ name: 'An Institute' }] }] });
  assertLeft(exported, /2 inputs lay outside of the project.*: \.\.\/up and \/etc\/passwd$/);
  const capsule = write(exported);
  const project = makeTemporary();
  for (const name of ['data', 'scripts', 'provenance']) fs.mkdirSync(path.join(project, name));
  fs.writeFileSync(path.join(project, 'Makefile'), 'all:\n\tmkdir -p out\n\tsh "scripts/fit it.sh"\n');
  fs.writeFileSync(path.join(project, 'scripts/fit it.sh'), 'cat "data/a b.csv" "./-odd \'name.dat" >"out/it\'s.txt"\n');
  fs.writeFileSync(path.join(project, 'data/a b.csv'), 'one\n');
  fs.writeFileSync(path.join(project, '-odd \'name.dat'), 'two\n');
  const placed = run(project, ['sh', path.join(capsule, 'place.sh'), project]);
  assert.equal(placed.status, 0, placed.stderr);
  assert.ok(fs.existsSync(path.join(capsule, 'code/scripts/fit it.sh')) && fs.existsSync(path.join(capsule, 'data/data/a b.csv')));
  // The capsule's folders stand at the top of the file system of a container.
  const script = fs.readFileSync(path.join(capsule, 'code/run'), 'latin1').replace(/(?<![\w.])\/(code|data|results)\b/g, capsule + '/$1');
  const made = run(capsule, ['sh', '-c', script], { env: { TMPDIR: capsule } });
  assert.equal(made.status, 0, made.stderr);
  assert.equal(fs.readFileSync(path.join(capsule, 'results/out/it\'s.txt'), 'latin1'), 'one\ntwo\n');
});

// ---- hostile records ----------------------------------------------------------------------------------------

/** A script that calls dirname, mkdir and cp alone, here with a cp and a mkdir that do nothing: any other command ends it. */
function assertOnlyCopies(script: string): void {
  const folder = makeTemporary();
  for (const name of ['cp', 'mkdir']) fs.writeFileSync(path.join(folder, name), '#!/bin/sh\n', { mode: 0o755 });
  fs.writeFileSync(path.join(folder, 'dirname'), '#!/bin/sh\necho .\n', { mode: 0o755 });
  fs.writeFileSync(path.join(folder, 'place.sh'), script, 'latin1');
  const done = run(folder, ['/bin/sh', 'place.sh', folder], { env: { PATH: folder } });
  assert.equal(done.stderr, '');
  assert.equal(done.status, 0);
}

test('no text of a record becomes a line of any form that is not a comment', () => {
  const evil = ['x%0AINJECTED 1', '$(INJECTED)', '`INJECTED`', '";INJECTED;"', "';INJECTED;'", '${INJECTED}', ')%20(INJECTED', '-o=INJECTED', '%0DINJECTED', '%E2%80%A8INJECTED', '../INJECTED', '<INJECTED>', '%FFINJECTED'];
  const managers = ['dpkg', 'rpm', 'apk', 'pacman', 'guix', 'nix', 'conda', 'python', 'r', 'julia', 'npm', 'perl', 'java', 'ruby', 'INJECTED'];
  const packages = managers.map((manager) => evil.map((one) => {
    const word = one.replace(/ /g, '%20');
    const rests = ['editable ' + one, 'git ' + word + ' ' + word, 'git 0123456789abcdef0123456789abcdef01234567 ' + word, 'from ' + word, 'built R ' + word + ' git 0123456789abcdef ' + word, word];
    return ['Package: ' + manager + ' ' + word + ' 1.0', 'Package: ' + manager + ' name 1.0' + word].concat(rests.map((rest, i) => 'Package: ' + manager + ' n' + String(i) + ' 1.0 ' + rest)).join('\n') + '\n';
  }).join('')).join('') + managers.slice(7, 14).map((manager) => 'Package: ' + manager + ' ' + (manager === 'r' ? 'R' : manager === 'npm' ? 'node' : manager) + ' 1.2.3INJECTED%0A\n').join('');
  const paths = evil.map((one) => `Executable: ${HASH}  1x /nix/store/${STORE}-a${one}/bin/a\nLibrary: ${HASH}  1 /gnu/store/${STORE}-a${one}/b.so\nLibrary: ${HASH}  1 /opt/linux-${one}/gcc-1${one}/a${one}-1.${one}-abcdefghijklmnopqrstuvwxyz234567/a.so\n`
    + `File: ${HASH}  1 /etc/${one}\nLock_file: ${HASH}  1 ${one}/environment.yml\nSite: ${one}\nOwner: dpkg bash ${one}\nGpu: ${one}\nLimit: ${one}\nVariable: ${one}=${one}\n`).join('');
  for (const os of ['Debian GNU/Linux 12 (bookworm)', 'Ubuntu 22.04 LTS', 'Fedora Linux 39', 'openSUSE Leap 15.5', 'Alpine Linux v3.19', 'Arch Linux', 'Debian GNU/Linux 12 (trixie']) {
    const publication = publish(['Os: ' + os + '%0AINJECTED\nKernel: Linux 6.1 INJECTED%0A\nPackage: dpkg bash 5 amd64\n' + packages + paths], (one) => {
      one.startedUtc = '2024-03-01";INJECTED';
      one.compilers = [{ path: 'INJECTED', producer: 'GNU C17 1.2.3INJECTED\n' }];
      one.variables = ['LANG=en_US.UTF-8\nINJECTED', 'LC_ALL=$(INJECTED)'];
    });
    const forms: [string, (from: Publication) => Exported][] = [['dockerfile', printDockerfileExport], ['apt', printAptExport], ['pip', printPipExport], ['conda', printCondaExport], ['guix', printGuixExport],
      ['nix', printNixExport], ['spack', printSpackExport], ['binder', (from) => printBinderExport(from, [], [])], ['codeocean', printCodeOceanExport]];
    for (const [form, print] of forms) {
      const { files, left } = print(publication);
      for (const { path: name, text: told } of files) {
        const text = told as string;
        assert.doesNotMatch(name, /INJECTED/);
        if (name === 'place.sh') {
          assertOnlyCopies(text);
          continue;
        }
        assert.doesNotMatch(text, /[^\n -~]/, form + ': only plain text');
        // LC_ALL is to have its value, quoted as the form wants it; and "=" may stand in the name of a path of a store.
        const lines = text.split('\n').filter((line) => !/^\s*(?:#|;;)/.test(line) && !/^(?:ENV LC_ALL="\\\$\(INJECTED\)"|export LC_ALL='\$\(INJECTED\)'| {2}LC_ALL = "\\\$\(INJECTED\)";| {4}"\/nix\/store\/[\w+.?=-]+")$/.test(line));
        assert.deepEqual(lines.filter((line) => line.indexOf('INJECTED') >= 0), form === 'nix' ? ['  LANG = "en_US.UTF-8\\nINJECTED";'] : form === 'binder' && name === 'binder/start' ? ["INJECTED'"] : [], form + ' ' + name + ' of ' + os);
      }
      assert.ok(left.length < 60, form + ': a sentence a kind');
    }
  }
});

// ---- from a recording ---------------------------------------------------------------------------------------

test('rr export: what a recorded run of Python used is pinned as its own package managers tell', { skip: hasProgram('python3') && hasProgram('strace') ? LACKS_PYTHON : 'no python3 or strace' }, () => {
  const project = makeProject();
  fs.writeFileSync(path.join(project, 'a.py'), 'import json, sys\nopen("o.txt", "w").write(sys.version.split()[0])\n');
  const recorded = rr(project, ['record', '-q', '--', 'python3', 'a.py'], { env: { OMP_NUM_THREADS: '3' } });
  assert.equal(recorded.status, 0, recorded.stderr);
  assert.equal(listRecords(project).length, 1);
  const version = fs.readFileSync(path.join(project, 'o.txt'), 'latin1');
  const requirements = rr(project, ['export', 'pip']);
  assert.equal(requirements.status, 0, requirements.stderr);
  assert.match(requirements.stdout, new RegExp('^# python ' + version.replace(/\./g, '\\.') + '$', 'm'));
  for (const line of rr(project, ['export', 'conda']).stdout.split('\n')) if (line.startsWith('  - python=')) assert.equal(line, '  - python=' + version);
  const dockerfile = rr(project, ['export', 'dockerfile']);
  assert.equal(dockerfile.status, 0, dockerfile.stderr);
  assertLinted(dockerfile.stdout);
  assert.match(dockerfile.stdout, /^ENV OMP_NUM_THREADS="3"$/m);
  const pins = linesOf(rr(project, ['export', 'apt']).stdout);
  assert.ok(pins.length > 0);
  for (const pin of pins) {
    const [, name, wanted] = /^([^=]+)=(.*)$/.exec(pin) ?? ['', '', ''];
    if (name === '') continue; // the package of a link
    assert.equal(run(undefined, ['dpkg-query', '-W', '-f', '${Version}', name]).stdout, wanted, pin);
  }
  const moved = makeTemporary();
  run(undefined, ['cp', '-R', project + '/.', moved]);
  const again = rr(moved, ['export', 'dockerfile'], { env: { TZ: 'Pacific/Auckland', LANG: 'C', LC_ALL: 'C' } });
  assert.equal(again.stdout, dockerfile.stdout, 'the same bytes in every folder, time zone and locale');
  assert.equal(rr(project, ['export', 'binder', '-o', '.']).status, 0);
  assert.ok(fs.existsSync(path.join(project, 'binder/requirements.txt')));
});
