// node.ts - the door to Node's standard library. The only file that loads a module.

// rr.js is a CommonJS file with no import of its own. Where a package.json with "type": "module"
// or Deno makes it an ES module there is no require(); process.getBuiltinModule (Node 20.16, 22.3,
// Deno 2, Bun) serves instead. Everything but fs and path is loaded at first use: loading all of
// them takes a third of the time of a short run.
type Loader = (name: string) => unknown;

function findLoader(): Loader {
  if (typeof require === 'function') return require;
  const host = process as unknown as { getBuiltinModule?: Loader };
  if (host.getBuiltinModule === undefined) {
    throw new Error('rr.js runs as an ES module here, and this Node.js is too old for that: name it rr.cjs');
  }
  return host.getBuiltinModule;
}

const loadModule = findLoader();

export const fs = loadModule('fs') as typeof import('fs');
export const path = loadModule('path') as typeof import('path');

const loaded: { [name: string]: unknown } = {};

function loadOnce(name: string): unknown {
  if (loaded[name] === undefined) loaded[name] = loadModule(name);
  return loaded[name];
}

export function crypto(): typeof import('crypto') {
  return loadOnce('crypto') as typeof import('crypto');
}

export function childProcess(): typeof import('child_process') {
  return loadOnce('child_process') as typeof import('child_process');
}

export function net(): typeof import('net') {
  return loadOnce('net') as typeof import('net');
}

export function os(): typeof import('os') {
  return loadOnce('os') as typeof import('os');
}

export function tty(): typeof import('tty') {
  return loadOnce('tty') as typeof import('tty');
}

export function workerThreads(): typeof import('worker_threads') {
  return loadOnce('worker_threads') as typeof import('worker_threads');
}

export function zlib(): typeof import('zlib') {
  return loadOnce('zlib') as typeof import('zlib');
}

export function vm(): typeof import('vm') {
  return loadOnce('vm') as typeof import('vm');
}
