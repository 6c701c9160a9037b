// exportdockerfile.ts - a Dockerfile that installs the recorded software on the system that the runs had. Knows no files.
import type { ByteString } from '../core/bytes.ts';
import { utf8SequenceLength } from '../core/bytes.ts';
import { EXIT, Failure } from '../core/failure.ts';
import { oneFile } from '../core/publication.ts';
import type { Exported, Publication } from '../core/publication.ts';
import { collectSoftware } from '../core/recordedsoftware.ts';
import type { RecordedPackage, RecordedSoftware } from '../core/recordedsoftware.ts';
import { platformOf } from '../core/system.ts';
import { quoteWord } from '../formats/shell.ts';
import { listLinkPackages, listSnapshotSources, spellAptPins, spellDay, tellAptPins } from './exportapt.ts';
import { listCondaChannels, selectCondaSpecs } from './exportconda.ts';
import { commentLine, countWords, findInterpreter, headOfExport, listSome, spellPackage, tellLeftPackages, tellMachine, tellRuns, tellVariables } from './exportleft.ts';
import { spellJuliaPackages, spellNodePackages, spellRPackages, spellRubyPackages } from './exportlanguages.ts';
import type { SpelledPackages } from './exportlanguages.ts';
import { selectPipPackages, spellPipRequirements } from './exportpip.ts';

type BaseImage = { /** 'debian:bookworm' */ image: string; /** Manager of the language whose interpreter the image brings. */ language: string };
type ImageScript = { text: ByteString; left: ByteString[] };

/** Images by the names under which each system, and Python, Julia, Ruby and Node.js for Debian and Alpine, are published. */
function chooseBase(software: RecordedSoftware): BaseImage | undefined {
  const { family, version, codename } = software.system;
  const suffix = family === 'debian' ? codename : family === 'alpine' ? 'alpine' + version : '';
  // The small ones: in the others are packages that want another version of what is to be installed.
  const slim = family === 'debian' ? '-slim' : '';
  const images: { [manager: string]: string[] } = { python: ['python:', slim + '-' + suffix], julia: ['julia:', '-' + suffix], ruby: ['ruby:', slim + '-' + suffix], npm: ['node:', '-' + suffix + slim] };
  for (const manager of Object.keys(images)) {
    const one = findInterpreter(software, manager);
    const isPublished = one !== undefined && one.source === manager && one.name !== 'pypy' && /^\d+\.\d+\.\d+$/.test(one.version);
    if (isPublished && suffix !== '' && (family === 'alpine' || software.system.version !== '')) return { image: images[manager].join(one.version), language: manager };
  }
  const major = version.split('.')[0];
  const systems: { [family: string]: string } = {
    debian: codename === '' ? '' : 'debian:' + codename, ubuntu: 'ubuntu:' + version, fedora: 'fedora:' + version, rocky: 'rockylinux:' + version, alma: 'almalinux:' + version, centos: 'centos:' + version,
    rhel: 'registry.access.redhat.com/ubi' + major + '/ubi:' + version, 'centos-stream': 'quay.io/centos/centos:stream' + version,
    leap: 'opensuse/leap:' + version, tumbleweed: 'opensuse/tumbleweed:latest', alpine: 'alpine:' + version, arch: 'archlinux:base',
  };
  const image = systems[family] ?? '';
  return image === '' ? undefined : { image, language: '' };
}

/** RUN with commands that each must succeed, a line each. */
function runLines(commands: ByteString[]): ByteString {
  return 'RUN ' + commands.join(' \\\n && ') + '\n';
}

/** Words of a command, one a line behind it, each with `option` before it. */
function wordLines(words: ByteString[], option = ''): ByteString {
  return words.map((word) => ' \\\n      ' + option + quoteWord(word)).join('');
}

// ---- packages of the system -----------------------------------------------------------------------------

/** What is needed besides what was recorded, and is not pinned: to carry out the Makefile, and to install the rest. */
function listTools(software: RecordedSoftware, base: BaseImage, isForProject: boolean): string[] {
  const uses = (manager: string): boolean => software.packages.some((one) => one.manager === manager && one.source === manager);
  const family = software.system.family;
  const isDebian = family === 'debian' || family === 'ubuntu';
  const tools: string[] = isForProject ? ['make'] : [];
  if (isDebian) tools.push(...listLinkPackages(software));
  if (uses('python') && base.language !== 'python' && isDebian) tools.push('python3-pip');
  if (uses('python') && base.language !== 'python' && family === 'alpine') tools.push('py3-pip');
  if (uses('python') && base.language !== 'python' && /^(?:fedora|rocky|alma|rhel|centos|centos-stream|leap|tumbleweed)$/.test(family)) tools.push('python3-pip');
  if (uses('r') && isDebian) tools.push('r-base-dev');
  if (software.packages.some((one) => /(?:^| )git [0-9a-f]{7}/.test(one.detail)) && isDebian) tools.push('git');
  if (isDebian && listWantedLocales(software).length > 0) tools.push('locales');
  const there = new Set(software.packages.map((one) => one.name));
  return tools.filter((tool) => !there.has(tool));
}

/** Locales of variables that the C library does not have by itself. */
function listWantedLocales(software: RecordedSoftware): string[] {
  const values = software.variables.filter(({ name }) => /^(?:LANG|LC_[A-Z]+)$/.test(name)).map(({ value }) => value);
  return Array.from(new Set(values.filter((value) => /^[a-z]{2,3}_[A-Z]{2}\.UTF-?8$/i.test(value)))).sort();
}

function installDebian(software: RecordedSoftware, tools: string[]): ImageScript {
  const apt = spellAptPins(software.packages);
  const sources = listSnapshotSources(software, '$at');
  const commands: ByteString[] = [];
  let text = '';
  const clean = 'rm -rf /var/lib/apt/lists/*';
  if (sources.length > 0) {
    if (software.system.family === 'ubuntu') text += commentLine('# ', 'The archive of a day is reached by https only.') + '# hadolint ignore=DL3008\n' + runLines(['apt-get update', 'apt-get install -y --no-install-recommends ca-certificates', clean]);
    text += commentLine('# ', 'The archive as it was when runs began. If it lacks a version: add earlier moments.') + 'ARG SNAPSHOTS="' + software.moments.join(' ') + '"\n';
    // By its priority what is in the image becomes what it was then, too.
    commands.push('for at in $SNAPSHOTS; do printf \'%s\\n\'' + sources.map((line) => ' \\\n      "' + line + '"').join('') + '; \\\n    done >/etc/apt/sources.list', 'rm -f /etc/apt/sources.list.d/*.sources',
      'printf \'Package: *\\nPin: origin ' + (software.system.family === 'ubuntu' ? 'snapshot.ubuntu.com' : 'snapshot.debian.org') + '\\nPin-Priority: 1001\\n\' >/etc/apt/preferences.d/snapshot');
  }
  for (const one of apt.foreign) commands.push('dpkg --add-architecture ' + one);
  commands.push('apt-get update', 'apt-get install -y --no-install-recommends --allow-downgrades' + wordLines(apt.pins.concat(tools)), clean);
  for (const locale of listWantedLocales(software)) commands.push('localedef -i ' + locale.split('.')[0] + ' -f UTF-8 ' + locale);
  if (tools.length > 0) text += '# hadolint ignore=DL3008\n';
  return { text: text + runLines(commands), left: tellAptPins(software, apt) };
}

const RPM_WORD = /^[A-Za-z0-9._+~^-]+$/;

function installRpm(software: RecordedSoftware, tools: string[]): ImageScript {
  const own = software.packages.filter((one) => one.manager === 'rpm');
  const isSuse = /^(?:leap|tumbleweed)$/.test(software.system.family);
  const isSpelled = (one: RecordedPackage): boolean => RPM_WORD.test(one.name) && /^(?:\d+:)?[A-Za-z0-9._+~^]+-[A-Za-z0-9._+~^]+$/.test(one.version) && /^(?:|[a-z0-9_]+)$/.test(one.detail);
  const spelled = own.filter(isSpelled);
  const suffix = (one: RecordedPackage): ByteString => (one.detail === '' ? '' : '.' + one.detail);
  const words = spelled.map((one) => (isSuse ? one.name + suffix(one) + '=' + one.version : one.name + '-' + one.version + suffix(one)));
  const program = software.system.family === 'centos' && Number(software.system.version) < 8 ? 'yum' : 'dnf';
  const install = isSuse ? 'zypper --non-interactive install --no-recommends --oldpackage' : program + ' install -y' + (program === 'dnf' ? ' --setopt=install_weak_deps=False' : '');
  const rules = isSuse ? 'DL3037' : program === 'dnf' ? 'DL3041' : 'DL3033';
  const unspelled = own.filter((one) => !isSpelled(one));
  const left = ['no archive of this system\'s packages as they were that day is named: its repositories keep the first and the latest versions, and others must be found elsewhere'];
  if (unspelled.length > 0) left.push(countWords(unspelled.length, 'package') + ' of rpm had a name or version that cannot be asked for: ' + listSome(unspelled.map(spellPackage)));
  return { text: (tools.length > 0 ? '# hadolint ignore=' + rules + '\n' : '') + runLines([install + wordLines(words.concat(tools)), isSuse ? 'zypper clean --all' : program + ' clean all']), left };
}

function installApk(software: RecordedSoftware, tools: string[]): ImageScript {
  const own = software.packages.filter((one) => one.manager === 'apk');
  const isSpelled = (one: RecordedPackage): boolean => /^[a-zA-Z0-9][\w.+-]*$/.test(one.name) && /^\d[\w.]*(?:-r\d+)?$/.test(one.version);
  const unspelled = own.filter((one) => !isSpelled(one));
  const left = ['Alpine keeps no archive of versions that newer ones have replaced: where one is gone, apk says so'];
  if (unspelled.length > 0) left.push(countWords(unspelled.length, 'package') + ' of apk had a name or version that cannot be asked for: ' + listSome(unspelled.map(spellPackage)));
  const words = own.filter(isSpelled).map((one) => one.name + '=' + one.version).concat(tools);
  return { text: words.length === 0 ? '' : (tools.length > 0 ? '# hadolint ignore=DL3018\n' : '') + runLines(['apk add --no-cache' + wordLines(words)]), left };
}

function installPacman(software: RecordedSoftware, tools: string[]): ImageScript {
  const day = spellDay(software.moment);
  const names = software.packages.filter((one) => one.manager === 'pacman' && /^[a-z0-9@_+][a-z0-9@._+-]*$/.test(one.name)).map((one) => one.name);
  const text = '# hadolint ignore=SC2016\n' + runLines([
    'printf \'Server=https://archive.archlinux.org/repos/' + day.replace(/-/g, '/') + '/$repo/os/$arch\\n\' >/etc/pacman.d/mirrorlist',
    'pacman -Syyuu --noconfirm --needed' + wordLines(names.concat(tools)),
  ]);
  return { text, left: ['pacman takes no versions: packages are those that the archive of Arch Linux had on ' + day + ', when the latest run began'] };
}

function installSystem(software: RecordedSoftware, tools: string[]): ImageScript {
  const family = software.system.family;
  if (family === 'debian' || family === 'ubuntu') return installDebian(software, tools);
  if (family === 'alpine') return installApk(software, tools);
  return family === 'arch' ? installPacman(software, tools) : installRpm(software, tools);
}

// ---- packages of languages --------------------------------------------------------------------------------

function installConda(software: RecordedSoftware): ImageScript {
  const { specs, unspelled, isRecorded } = selectCondaSpecs(software);
  if (!isRecorded) return { text: '', left: [] };
  const channels = listCondaChannels(software);
  const isTold = channels.length > 0;
  const text = (isTold ? '' : commentLine('# ', 'The channels are not recorded: --build-arg CONDA_CHANNEL=NAME says which.') + 'ARG CONDA_CHANNEL\n')
    + 'COPY --from=mambaorg/micromamba:latest /bin/micromamba /usr/local/bin/micromamba\n'
    + runLines(['micromamba create -y -p /opt/conda' + (isTold ? channels.map((one) => ' -c ' + quoteWord(one)).join('') : ' -c "${CONDA_CHANNEL:?}"') + wordLines(specs)]) + 'ENV PATH="/opt/conda/bin:$PATH"\n';
  const left = isTold ? [] : ['the channels of the packages of conda are not recorded: docker build wants --build-arg CONDA_CHANNEL=NAME'];
  if (unspelled.length > 0) left.push(countWords(unspelled.length, 'package') + ' had a name or version that conda does not take: ' + listSome(unspelled.map(spellPackage)));
  return { text, left };
}

function installPython(software: RecordedSoftware): ImageScript {
  const { lines, left } = spellPipRequirements(selectPipPackages(software));
  if (lines.length === 0) return { text: '', left };
  // Debian's Python refuses pip without this (PEP 668); an older pip does not know the variable and needs none.
  return { text: runLines(['PIP_BREAK_SYSTEM_PACKAGES=1 python3 -m pip install --no-cache-dir' + wordLines(lines)]), left };
}

function installSpelled(command: string, option: string, spelled: SpelledPackages): ImageScript {
  return { text: spelled.words.length === 0 ? '' : runLines([command + wordLines(spelled.words, option)]), left: spelled.left };
}

/** Of a language the packages that nothing else brought. */
export function selectOwnPackages(software: RecordedSoftware, manager: string): RecordedPackage[] {
  return software.packages.filter((one) => one.manager === manager && one.source === manager);
}

function installLanguages(software: RecordedSoftware): ImageScript {
  const own = (manager: string): RecordedPackage[] => selectOwnPackages(software, manager);
  const scripts = [
    installConda(software), installPython(software),
    installSpelled('Rscript', '-e ', spellRPackages(own('r'), software.moment)), installSpelled('julia', '-e ', spellJuliaPackages(own('julia'))),
    installSpelled('gem install --no-document', '', spellRubyPackages(own('ruby'))), installSpelled('npm install --prefix /', '', spellNodePackages(own('npm'))),
  ];
  return { text: scripts.map((one) => one.text).join(''), left: scripts.reduce<ByteString[]>((all, one) => all.concat(one.left), []) };
}

// ---- variables, and the whole ---------------------------------------------------------------------------------

function isOneLineText(value: ByteString): boolean {
  for (let at = 0; at < value.length; at += utf8SequenceLength(value, at)) {
    if (value[at] < ' ' || value[at] === '\x7f' || utf8SequenceLength(value, at) === 0) return false;
  }
  return true;
}

/** ENV lines; a value that no line can hold has none. */
function spellEnvironment(software: RecordedSoftware): ImageScript {
  let text = '';
  const unspelled: ByteString[] = [];
  for (const { name, value } of software.variables) {
    if (isOneLineText(value) && /^[A-Za-z_]\w*$/.test(name)) text += 'ENV ' + name + '="' + value.replace(/["\\$]/g, '\\$&') + '"\n';
    else unspelled.push(name);
  }
  return { text, left: unspelled.length === 0 ? [] : ['the values of these variables are no text of one line, as ENV wants it: ' + listSome(unspelled)] };
}

function tellBase(software: RecordedSoftware, base: BaseImage, tools: string[]): ByteString[] {
  const left = ['the base image is named by its tag, ' + base.image + '; which image had that name then, and its digest, are not recorded'];
  for (const one of software.interpreters) {
    if (one.source !== one.manager) continue;
    if (base.language === one.manager) left.push(spellPackage(one) + ' was in no package of the system; that of the image is another build');
    else left.push(spellPackage(one) + ' was in no package of the system and is not installed');
  }
  if (tools.length > 0) left.push('without a version, as not recorded: ' + listSome(tools));
  return left;
}

/** The instructions up to the project's own, for a whole Dockerfile or that of a capsule. Throws Failure if no image is known. */
export function printImage(software: RecordedSoftware, form: string, isForProject: boolean): ImageScript {
  const base = chooseBase(software);
  const system = software.system.name === '' ? 'a system that is not recorded' : '"' + software.system.name + '"';
  if (base === undefined) {
    throw new Failure('cannot export "' + form + '": the runs were on ' + system + ', of which no image is known', 'guix, nix, conda, pip and spack need none', EXIT.differs);
  }
  const tools = listTools(software, base, isForProject);
  const platform = platformOf(software.machine);
  const parts = [installSystem(software, tools), installLanguages(software), spellEnvironment(software)];
  let text = platform === '' ? '' : '# hadolint ignore=DL3029\n';
  text += 'FROM ' + (platform === '' ? '' : '--platform=' + platform + ' ') + base.image + '\n' + parts.map((one) => one.text).join('');
  const foreign = software.packages.filter((one) => /^(?:perl|java)$/.test(one.manager) && one.source === one.manager);
  const left = tellBase(software, base, tools).concat(...parts.map((one) => one.left), tellLeftPackages(foreign, 'there is no one way to install them'));
  if (software.looseFiles.length > 0) left.push(countWords(software.looseFiles.length, 'file') + ' of the system that no package explains, or that people change, may be others in the image: ' + listSome(software.looseFiles));
  if (software.limits.length > 0) left.push('limits of resources are set where a container is started (docker run --ulimit)');
  const managers = ['dpkg', 'rpm', 'apk', 'pacman', 'conda', 'python', 'r', 'julia', 'ruby', 'npm'];
  return { text, left: left.concat(tellRuns(software, managers), tellVariables(software), tellMachine(software)) };
}

/** Dockerfile */
export function printDockerfileExport(publication: Publication): Exported {
  const software = collectSoftware(publication, 'dockerfile');
  const { text, left } = printImage(software, 'dockerfile', true);
  const head = headOfExport('# ', software, 'Dockerfile: the software that the runs used, and the project.')
    + commentLine('# ', 'Build it in the project: "docker build -t NAME -f Dockerfile .", with .rr in .dockerignore.')
    + commentLine('# ', 'Then "docker run NAME" makes what is missing and checks the rest;')
    + commentLine('# ', '"docker run NAME make reproduce" makes all results anew and compares them.');
  return oneFile('Dockerfile', head + text + 'WORKDIR /project\nCOPY . .\nCMD ["make"]\n', left);
}
