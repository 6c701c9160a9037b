// juliamanifest.ts - the packages that a Julia Manifest.toml names. Knows no files.
import type { ByteString } from '../core/bytes.ts';

/** Each is '' if the manifest does not say it; of the standard library it says no version. */
export type JuliaEntry = { name: ByteString; version: ByteString; tree: ByteString; path: ByteString; url: ByteString; revision: ByteString };
export type JuliaManifest = { juliaVersion: ByteString; entries: JuliaEntry[] };

const MOST_ENTRIES = 20000;

/** Formats 1.0 ([[Name]]) and 2.0 ([[deps.Name]]). Lines that are neither are passed over. */
export function parseJuliaManifest(text: ByteString): JuliaManifest {
  const manifest: JuliaManifest = { juliaVersion: '', entries: [] };
  let entry: JuliaEntry | undefined;
  for (const line of text.split('\n')) {
    const header = /^\s*\[\[?([^\]]*)\]/.exec(line);
    if (header !== null) {
      const name = /^\s*\[\[/.test(line) ? /^(?:deps\.)?"?([\w!]+)"?$/.exec(header[1].trim())?.[1] : undefined;
      entry = name === undefined ? undefined : { name, version: '', tree: '', path: '', url: '', revision: '' };
      if (entry !== undefined && manifest.entries.length < MOST_ENTRIES) manifest.entries.push(entry);
      // A table below an entry, such as [deps.Name.deps], ends it.
      continue;
    }
    const setting = parseTomlString(line);
    if (setting === undefined) continue;
    if (entry !== undefined) setJuliaField(entry, setting.key, setting.value);
    else if (setting.key === 'julia_version') manifest.juliaVersion = setting.value;
  }
  return manifest;
}

function setJuliaField(entry: JuliaEntry, key: ByteString, value: ByteString): void {
  if (key === 'version') entry.version = value;
  else if (key === 'git-tree-sha1') entry.tree = value;
  else if (key === 'path') entry.path = value;
  else if (key === 'repo-url') entry.url = value;
  else if (key === 'repo-rev') entry.revision = value;
}

/** `name` and `version` of a Project.toml; '' where it does not say. */
export function parseJuliaProject(text: ByteString): { name: ByteString; version: ByteString } {
  const project = { name: '', version: '' };
  for (const line of text.split('\n')) {
    if (/^\s*\[/.test(line)) break;
    const setting = parseTomlString(line);
    if (setting?.key === 'name') project.name = setting.value;
    else if (setting?.key === 'version') project.version = setting.value;
  }
  return project;
}

/** `key = "value"` of one line. Escapes are undone for quotes and backslashes, the only ones that Pkg writes in paths. */
function parseTomlString(line: ByteString): { key: ByteString; value: ByteString } | undefined {
  const parts = /^\s*([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|'([^']*)')\s*(?:#.*)?$/.exec(line);
  return parts === null ? undefined : { key: parts[1], value: parts[3] ?? parts[2].replace(/\\(["\\])/g, '$1') };
}
