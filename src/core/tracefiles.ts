// tracefiles.ts - files and their names, as a trace tells of them. Knows no calls, no processes and no disk.
import type { ByteString } from './bytes.ts';
import { folderOfName, hasDots, joinNames, normalizeName } from './names.ts';
import { detachString } from './bytes.ts';
import type { PathClass } from './filerules.ts';

export type TraceOptions = {
  /** Absolute; where the command starts. */
  folder: ByteString;
  /** Of an absolute real path. Asked once for each path. */
  classOf: (path: ByteString) => PathClass;
  /** Told at once of a name in the project that led through a symbolic link: the run may change it soon. */
  onLink?: (path: ByteString) => void;
  /** The real path of a folder (or of a file that is perhaps a link); itself if it cannot be told. */
  resolveFolder: (folder: ByteString) => ByteString;
};

/** A file, whatever its name is at the moment. */
export type TracedNode = {
  id: number;
  /** Proven to be from before the run, proven to be made by it, or neither. */
  origin: 'before' | 'made' | 'unknown';
  kind: 'file' | 'folder' | 'link' | 'other';
  /** Was it opened as a file, or only named? */
  isKindKnown: boolean;
  isRead: boolean;
  isReplaced: boolean;
  isUpdated: boolean;
  isModeSet: boolean;
  /** A name was added or taken away: its time of change moved for that alone. */
  isLinkCountChanged: boolean;
  isTimesSet: boolean;
  /** Another file was renamed over it. */
  isOverwritten: boolean;
  initialPath: ByteString | undefined;
  /** Of a link made by the run: its text. */
  target: ByteString | undefined;
  names: TracedName[];
  /** Where it is, or was when it lost its last name. */
  lastName: TracedName;
};

/** A path that came up, with or without a file there now. */
export type TracedName = {
  path: ByteString;
  what: PathClass;
  node: TracedNode | undefined;
  /** Of the file that is there now: renamed or linked into place. */
  isRelocated: boolean;
  /** Nothing was there at some moment. */
  wasAbsent: boolean;
  /** Something was there before the run. */
  wasThere: boolean;
  /** The run put something there, or took something away. */
  isTouched: boolean;
  /** The run looked for it in vain. */
  isMissed: boolean;
  /** Its text was read, as that of a link. */
  isLinkRead: boolean;
  /** Read or written; of the classes for which no more is kept. */
  isUsed: boolean;
  /** Opened as a folder. */
  isListed: boolean;
};

const MOST_LINKS_FOLLOWED = 40;
// Files without a name (O_TMPFILE) that may still get one.
const MOST_NAMELESS = 10000;

/**
 * Invariants: node.names holds exactly the names whose node it is. A node whose names are empty is
 * gone, and is in `nodes` only if it is from before the run or may be. `nodes` is in order of ids.
 */
// Beyond it only the tree of processes lacks who wrote what was overwritten.
const MOST_HEIRS = 1 << 17;

export class TracedFiles {
  readonly options: TraceOptions;
  readonly names = new Map<ByteString, TracedName>();
  readonly nodes = new Map<number, TracedNode>();
  readonly foldersRemoved = new Set<ByteString>();
  /** Names as given, by way of a symbolic link. */
  readonly linkedNames = new Set<ByteString>();
  /** Those of them that the run had not made or changed when they were followed. */
  readonly linksFollowed = new Set<ByteString>();
  temporaryCount = 0;
  /** Files that were overwritten and are otherwise forgotten: the name at which another took their place. */
  readonly heirs = new Map<number, TracedName>();
  private nextId = 0;
  private hasMoved = false;
  /** Folders that some file with a node lies in, at any depth. */
  private readonly occupied = new Set<ByteString>();
  /** Real paths of folders, as long as no link or folder changes. */
  private readonly realFolders = new Map<ByteString, ByteString>();
  private readonly nameless = new Map<ByteString, TracedNode>();

  constructor(options: TraceOptions) {
    this.options = options;
  }

  // ---- names --------------------------------------------------------------------------------------

  /** The name at a real path. */
  nameAt(path: ByteString): TracedName {
    const known = this.names.get(path);
    if (known !== undefined) return known;
    const own = detachString(path);
    const name: TracedName = {
      path: own, what: this.options.classOf(own), node: undefined, isRelocated: false, wasAbsent: false, wasThere: false, isTouched: false, isMissed: false, isLinkRead: false, isUsed: false, isListed: false,
    };
    this.names.set(own, name);
    return name;
  }

  /** The name at an absolute path as given: its folder may lie behind links, its last part is taken as it is. */
  nameOf(given: ByteString): TracedName {
    let end = given.length;
    while (end > 1 && given.charCodeAt(end - 1) === 47) end--;
    const path = end === given.length ? given : given.slice(0, end);
    const known = this.names.get(path);
    if (known !== undefined && known.node !== undefined && !hasDots(path)) return known;
    const slash = path.lastIndexOf('/');
    const last = path.slice(slash + 1);
    if (last === '' || last === '.' || last === '..') return this.nameAt(this.realFolder(path));
    const folder = slash === 0 ? '/' : path.slice(0, slash);
    const real = this.realFolder(folder);
    return this.nameAt(real === folder ? path : joinNames(real, last));
  }

  /** The name that a symbolic link leads to; the same name if it is none. */
  follow(name: TracedName): TracedName {
    let at = name;
    for (let count = 0; count < MOST_LINKS_FOLLOWED; count++) {
      if (at.node === undefined || (at.node.kind === 'link' && at.node.target === undefined)) return this.nameAt(this.realFolder(at.path));
      if (at.node.kind !== 'link') return at;
      at = this.nameOf(joinNames(at.path.slice(0, at.path.lastIndexOf('/') + 1), at.node.target as ByteString));
    }
    return at;
  }

  /** The real path of a folder that was given by an absolute path. */
  realFolder(folder: ByteString): ByteString {
    const known = this.realFolders.get(folder);
    if (known !== undefined) return known;
    const own = detachString(folder);
    const found = this.options.resolveFolder(own);
    const real = found === own && hasDots(own) ? normalizeName(own) : found;
    this.realFolders.set(own, real);
    return real;
  }

  /** To be called when a link or a folder was made, moved or removed. */
  forgetRealFolders(): void {
    this.realFolders.clear();
  }

  /** The name at a path that the kernel gave: so its folder is real too, which saves asking the disk. */
  nameAtReal(path: ByteString): TracedName {
    const known = this.names.get(path);
    if (known !== undefined) return known;
    const name = this.nameAt(path);
    const folder = folderOfName(name.path);
    if (!this.realFolders.has(folder)) this.realFolders.set(detachString(folder), detachString(folder));
    return name;
  }

  // ---- nodes --------------------------------------------------------------------------------------

  /**
   * The file at a name that is known to have one there. Where it was not seen before, it is from
   * before the run, unless there was none earlier: something else may have put it there.
   */
  nodeAt(name: TracedName): TracedNode {
    if (name.node !== undefined) return name.node;
    const isMade = this.isInMadeFolder(name) || (name.isTouched && !name.wasAbsent);
    return this.addNode(name, isMade ? 'made' : name.wasAbsent ? 'unknown' : 'before');
  }

  /** A file that the run has put at a name just now. What was there before must have been removed by somebody else. */
  makeNode(name: TracedName, kind: TracedNode['kind']): TracedNode {
    if (name.node !== undefined) this.loseName(name);
    name.isTouched = true;
    const node = this.addNode(name, 'made');
    node.kind = kind;
    node.isKindKnown = true;
    return node;
  }

  /** The file at a name that was opened with O_CREAT, so that it may have been made just then. */
  createdNode(name: TracedName): TracedNode {
    if (name.node !== undefined) return name.node;
    const origin = name.wasAbsent || this.isInMadeFolder(name) ? 'made' : name.wasThere ? 'before' : 'unknown';
    name.isTouched = true;
    return this.addNode(name, origin);
  }

  /** A file without a name, by the path that the kernel makes up for it. */
  makeNameless(path: ByteString): TracedNode {
    const node = this.newNode('made', this.nameAt(path));
    this.names.delete(path);
    this.nameless.set(node.lastName.path, node);
    for (const [oldest, lost] of this.nameless) {
      if (this.nameless.size <= MOST_NAMELESS) break;
      this.nameless.delete(oldest);
      if (lost.names.length === 0) this.drop(lost);
    }
    return node;
  }

  namelessAt(path: ByteString): TracedNode | undefined {
    return this.nameless.get(path);
  }

  /** How many of those without a name still have none. */
  countNameless(): number {
    let count = 0;
    for (const node of this.nameless.values()) if (node.names.length === 0) count += 1;
    return count;
  }

  /** A second name of a file. */
  linkNode(node: TracedNode, to: TracedName): void {
    if (to.node !== undefined) this.loseName(to);
    this.attach(node, to);
    to.isRelocated = true;
    to.isTouched = true;
    if (node.kind === 'link') this.forgetRealFolders();
  }

  /** rename(2). False: both are names of one file, and nothing happens. */
  move(from: TracedName, to: TracedName): boolean {
    const node = this.nodeAt(from);
    if (node === to.node) return false;
    if (to.node !== undefined) this.overwrite(to);
    this.relocate(node, from, to);
    return true;
  }

  /** RENAME_EXCHANGE. */
  exchange(one: TracedName, other: TracedName): void {
    const first = this.nodeAt(one);
    const second = this.nodeAt(other);
    if (first === second) return;
    this.detach(one);
    this.detach(other);
    const firstBelow = this.takeBelow(first, one);
    const secondBelow = this.takeBelow(second, other);
    this.settle(first, other, firstBelow);
    this.settle(second, one, secondBelow);
    one.isTouched = true;
    other.isTouched = true;
  }

  noticeLink(path: ByteString): void {
    this.options.onLink?.(path);
  }

  /** unlink(2). */
  remove(name: TracedName): TracedNode {
    const node = this.nodeAt(name);
    if (node.kind === 'link') this.forgetRealFolders();
    name.isTouched = true;
    name.wasAbsent = true;
    this.detach(name);
    node.isLinkCountChanged = true;
    if (node.names.length > 0) return node;
    const isKept = node.origin !== 'made' && (name.what !== 'temporary' || node.origin === 'before');
    if (isKept) return node;
    this.drop(node);
    // Its path tells nothing any more, and some programs make millions.
    if (name.what === 'temporary') this.names.delete(name.path);
    return node;
  }

  /** rmdir(2). */
  removeFolder(name: TracedName): void {
    const node = this.nodeAt(name);
    if (node.origin !== 'made') this.foldersRemoved.add(node.initialPath ?? name.path);
    node.kind = 'folder';
    this.detach(name);
    this.nodes.delete(node.id);
    name.isTouched = true;
    name.wasAbsent = true;
    this.occupied.delete(name.path);
    this.forgetRealFolders();
  }

  /** Something lies below this path, so that it is a folder. */
  isOccupied(path: ByteString): boolean {
    return this.occupied.has(path);
  }

  private isInMadeFolder(name: TracedName): boolean {
    return this.names.get(folderOfName(name.path))?.node?.origin === 'made';
  }

  // ---- how names and nodes are held together --------------------------------------------------------

  private newNode(origin: TracedNode['origin'], name: TracedName): TracedNode {
    const node: TracedNode = {
      id: this.nextId++, origin, kind: 'file', isKindKnown: false, isRead: false, isReplaced: false, isUpdated: false, isModeSet: false, isLinkCountChanged: false, isTimesSet: false, isOverwritten: false,
      initialPath: origin === 'made' ? undefined : this.initialPathOf(name.path), target: undefined, names: [], lastName: name,
    };
    this.nodes.set(node.id, node);
    return node;
  }

  private addNode(name: TracedName, origin: TracedNode['origin']): TracedNode {
    const node = this.newNode(origin, name);
    this.attach(node, name);
    return node;
  }

  private attach(node: TracedNode, name: TracedName): void {
    name.node = node;
    name.isRelocated = false;
    // A list made by push() has room for 17 at once.
    if (node.names.length === 0) node.names = [name];
    else node.names.push(name);
    node.lastName = name;
    let path = folderOfName(name.path);
    while (!this.occupied.has(path) && path !== '/') {
      this.occupied.add(path);
      path = folderOfName(path);
    }
  }

  private detach(name: TracedName): void {
    const node = name.node;
    if (node === undefined) return;
    node.names.splice(node.names.indexOf(name), 1);
    node.lastName = node.names.length > 0 ? node.names[node.names.length - 1] : name;
    name.node = undefined;
    name.isRelocated = false;
  }

  /** Created and gone. */
  private drop(node: TracedNode): void {
    this.nodes.delete(node.id);
    if (node.kind !== 'folder') this.temporaryCount += 1;
  }

  /** The name was removed by something that was not traced. */
  private loseName(name: TracedName): void {
    const node = name.node as TracedNode;
    this.detach(name);
    if (node.names.length === 0 && (node.origin === 'made' || !node.isRead)) this.nodes.delete(node.id);
  }

  /** Another file comes to this name. What was here stays as an input, if it was one. */
  private overwrite(name: TracedName): void {
    const node = name.node as TracedNode;
    this.detach(name);
    if (node.names.length > 0) return;
    node.isReplaced = true;
    node.isOverwritten = true;
    if (node.origin !== 'made' && node.isRead) return;
    this.nodes.delete(node.id);
    if (this.heirs.size < MOST_HEIRS) this.heirs.set(node.id, name);
  }

  private relocate(node: TracedNode, from: TracedName, to: TracedName): void {
    from.isTouched = true;
    from.wasAbsent = true;
    this.detach(from);
    this.settle(node, to, this.takeBelow(node, from));
    if (from.what === 'temporary' && node.origin === 'made') this.names.delete(from.path);
  }

  /** Takes away what is known to lie below a folder: the rest of its path, and the file. */
  private takeBelow(node: TracedNode, name: TracedName): [ByteString, TracedNode, boolean][] {
    if (node.origin !== 'made') this.hasMoved = true;
    if (!this.occupied.has(name.path)) return [];
    node.kind = 'folder';
    node.isKindKnown = true;
    const prefix = name.path + '/';
    const taken: [ByteString, TracedNode, boolean][] = [];
    for (const below of Array.from(this.names.values())) {
      if (below.node === undefined || !below.path.startsWith(prefix)) continue;
      taken.push([below.path.slice(name.path.length), below.node, below.isRelocated]);
      below.isTouched = true;
      below.wasAbsent = true;
      this.detach(below);
    }
    for (const folder of Array.from(this.occupied)) if (folder === name.path || folder.startsWith(prefix)) this.occupied.delete(folder);
    return taken;
  }

  private settle(node: TracedNode, to: TracedName, below: [ByteString, TracedNode, boolean][]): void {
    this.attach(node, to);
    to.isRelocated = true;
    to.isTouched = true;
    for (const [rest, moved, wasRelocated] of below) {
      const name = this.nameAt(to.path + rest);
      if (name.node !== undefined) this.loseName(name);
      this.attach(moved, name);
      name.isRelocated = wasRelocated || node.origin !== 'made' || moved.origin !== 'made';
      name.isTouched = true;
    }
    if (node.kind !== 'file' || !node.isKindKnown) this.forgetRealFolders();
  }

  /** Where a file that lies at this path now was before the run, if folders on the way were moved. */
  private initialPathOf(path: ByteString): ByteString {
    for (let folder = folderOfName(path); this.hasMoved && folder !== '/'; folder = folderOfName(folder)) {
      const node = this.names.get(folder)?.node;
      if (node === undefined || node.initialPath === undefined || node.initialPath === folder) continue;
      node.kind = 'folder';
      node.isKindKnown = true;
      return node.initialPath + path.slice(folder.length);
    }
    return path;
  }
}

// ---- paths as text ------------------------------------------------------------------------------------
