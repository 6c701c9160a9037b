// system.ts - which release of which operating system the name in an environment record is. Knows no files.
import type { ByteString } from './bytes.ts';
import { lookUp } from './bytes.ts';

export type SystemFamily = 'debian' | 'ubuntu' | 'fedora' | 'rocky' | 'alma' | 'rhel' | 'centos' | 'centos-stream' | 'leap' | 'tumbleweed' | 'alpine' | 'arch' | 'guix' | 'nixos' | 'other';

/** `name` is the record's own; version and codename are '' where it does not tell. */
export type SystemRelease = { family: SystemFamily; name: ByteString; version: string; codename: string };

// PRETTY_NAME of os-release(5), as each of these writes it.
const SYSTEM_NAMES: { family: SystemFamily; pattern: RegExp }[] = [
  { family: 'debian', pattern: /^Debian GNU\/Linux (\d+)? ?\(?([a-z]+)?/ },
  { family: 'ubuntu', pattern: /^Ubuntu (\d\d\.\d\d)/ },
  { family: 'fedora', pattern: /^Fedora (?:Linux )?(\d+)/ },
  { family: 'rocky', pattern: /^Rocky Linux (\d+(?:\.\d+)?)/ },
  { family: 'alma', pattern: /^AlmaLinux (\d+(?:\.\d+)?)/ },
  { family: 'rhel', pattern: /^Red Hat Enterprise Linux (?:Server )?(\d+(?:\.\d+)?)/ },
  { family: 'centos-stream', pattern: /^CentOS Stream (\d+)/ },
  { family: 'centos', pattern: /^CentOS Linux (\d+)/ },
  { family: 'leap', pattern: /^openSUSE Leap (\d+\.\d+)/ },
  { family: 'tumbleweed', pattern: /^openSUSE Tumbleweed/ },
  { family: 'alpine', pattern: /^Alpine Linux v?(\d+\.\d+)/ },
  { family: 'arch', pattern: /^Arch Linux/ },
  { family: 'guix', pattern: /^(?:GNU )?Guix System/ },
  { family: 'nixos', pattern: /^NixOS (\d\d\.\d\d)/ },
];

// Ubuntu's name has no codename, and its archive knows releases by nothing else.
const UBUNTU_CODENAMES: { [version: string]: string } = {
  '16.04': 'xenial', '18.04': 'bionic', '20.04': 'focal', '22.04': 'jammy', '22.10': 'kinetic', '23.04': 'lunar', '23.10': 'mantic', '24.04': 'noble', '24.10': 'oracular', '25.04': 'plucky',
};

export function readSystemRelease(name: ByteString): SystemRelease {
  for (const { family, pattern } of SYSTEM_NAMES) {
    const parts = pattern.exec(name);
    if (parts === null) continue;
    const version = parts[1] ?? '';
    const codename = family === 'ubuntu' ? UBUNTU_CODENAMES[version] ?? '' : parts[2] ?? '';
    return { family, name, version, codename };
  }
  return { family: 'other', name, version: '', codename: '' };
}

/** The platform of a container image for a machine as the Kernel line names it; '' if there is none. */
export function platformOf(machine: string): string {
  const platforms: { [machine: string]: string } = {
    x64: 'linux/amd64', arm64: 'linux/arm64', ia32: 'linux/386', arm: 'linux/arm/v7', ppc64: 'linux/ppc64le', s390x: 'linux/s390x', riscv64: 'linux/riscv64', loong64: 'linux/loong64',
  };
  return lookUp(platforms, machine) ?? '';
}
