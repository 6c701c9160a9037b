// parts.ts - which files of rr.js are code, and which stand in comments until they are needed. Knows no disk.
import * as ts from 'typescript';
import { createHash } from 'crypto';
import { readImports } from './layers.ts';
import type { Import } from './layers.ts';
import { SourceError } from './place.ts';
import type { SourceUnit } from './tree.ts';

// 1. A file that ORDER calls late is a gate. It is brought in when one of its functions is called, by
//    src/sys/late.ts, together with the files that it imports and that are not code.
// 2. Code are the files that main.ts reaches by imports, not counting those from gates, and
//    those that nothing reaches.
// 3. A function of a gate is called by a stub. Who imports anything else of a gate needs it to be there,
//    as it needs files that are no gates, so it cannot be code.
// 4. What a late file imports is handed to it once, by its value: it imports no "let".

/** The file that brings in the others. */
const LOADER = 'sys/late.ts';
const WIDTH = 100;
/** The function that is all comment. */
const HOLDER = 'holdLateFiles';
/** A comment cannot hold the end of another. */
const COMMENT_END = '*_/';

/** Files in their order. `stubs`: what stands before the last file of code. `table`: what stands above the late files, as many lines whatever `lineOf` says. */
export type Parts = { code: SourceUnit[]; late: SourceUnit[]; stubs: string; table: (lineOf: (unit: SourceUnit) => number) => string; build: string };

type Facts = { units: SourceUnit[]; byName: Map<string, SourceUnit>; imports: Map<SourceUnit, Import[]> };

function readFacts(units: SourceUnit[]): Facts {
  const imports = new Map<SourceUnit, Import[]>();
  for (const unit of units) imports.set(unit, readImports(unit, []).filter((one) => !one.isType && isValue(units, one)));
  return { units, byName: new Map(units.map((unit) => [unit.name, unit])), imports };
}

/** A type may be imported by a plain import, too. */
function isValue(units: SourceUnit[], one: Import): boolean {
  const target = units.find((unit) => unit.name === one.target);
  return target !== undefined && declarationOf(target, one.name) !== undefined;
}

/** 'function', 'let' or another kind of value that `name` is at the top level of the file; undefined if it is none. */
function declarationOf(unit: SourceUnit, name: string): 'function' | 'let' | 'other' | undefined {
  for (const statement of unit.source.statements) {
    if (ts.isFunctionDeclaration(statement) && statement.name?.text === name) return 'function';
    if (ts.isClassDeclaration(statement) && statement.name?.text === name) return 'other';
    if (!ts.isVariableStatement(statement)) continue;
    for (const one of statement.declarationList.declarations) {
      if (one.name.getText(unit.source) !== name) continue;
      return (statement.declarationList.flags & ts.NodeFlags.Const) !== 0 ? 'other' : 'let';
    }
  }
  return undefined;
}

/** `roots` and all that they import, not through gates. */
function reach(facts: Facts, roots: SourceUnit[]): Set<SourceUnit> {
  const reached = new Set<SourceUnit>();
  const open = roots.slice();
  for (let unit = open.pop(); unit !== undefined; unit = open.pop()) {
    if (reached.has(unit)) continue;
    reached.add(unit);
    for (const one of facts.imports.get(unit)!) {
      const target = facts.byName.get(one.target)!;
      if (!target.isGate || declarationOf(target, one.name) !== 'function') open.push(target);
    }
  }
  return reached;
}

/** Rules 3 and 4. */
function findUnfit(facts: Facts, code: Set<SourceUnit>, late: Set<SourceUnit>): string[] {
  const problems: string[] = [];
  for (const unit of facts.units) {
    for (const one of facts.imports.get(unit)!) {
      const target = facts.byName.get(one.target)!;
      const kind = declarationOf(target, one.name);
      if (code.has(unit) && target.isGate && kind !== 'function') problems.push(one.place + ': imports "' + one.name + '" of ' + target.name + ', which is late (' + target.orderPlace + '): and no function');
      if (kind === 'let' && (late.has(unit) || late.has(target))) problems.push(one.place + ': imports the "let" ' + one.name + ', and one of the two files is late');
    }
  }
  return problems;
}

function listWords(words: Iterable<string>): string {
  return Array.from(new Set(words)).sort().join(' ');
}

function wrapNames(names: string[]): string {
  const lines: string[] = [];
  for (const name of names) {
    const last = lines.length - 1;
    if (last >= 0 && lines[last].length + name.length + 2 < WIDTH - 6) lines[last] += ', ' + name;
    else lines.push(name);
  }
  return lines.map((line) => '    ' + line + ',\n').join('');
}

/** Names that others import of each late file. */
function listGiven(facts: Facts, late: SourceUnit[]): Map<SourceUnit, Set<string>> {
  const gives = new Map<SourceUnit, Set<string>>(late.map((unit) => [unit, new Set()]));
  for (const unit of facts.units) for (const one of facts.imports.get(unit)!) gives.get(facts.byName.get(one.target)!)?.add(one.name);
  return gives;
}

function printStubs(facts: Facts, late: SourceUnit[], build: string): string {
  const isLate = new Set(late);
  const stubs: string[] = [];
  const base = new Set<string>();
  const gives = listGiven(facts, late);
  for (const unit of facts.units) {
    for (const one of facts.imports.get(unit)!) {
      const target = facts.byName.get(one.target)!;
      if (isLate.has(unit) && (!isLate.has(target) || (target.isGate && declarationOf(target, one.name) === 'function'))) base.add(one.name);
    }
  }
  for (const unit of late) {
    if (unit.isGate) for (const name of Array.from(gives.get(unit)!).sort()) if (declarationOf(unit, name) === 'function') stubs.push('function ' + name + "(...args) { return bringIn('" + unit.name + "')." + name + '(...args); }\n');
  }
  return "noteParts({\n  build: '" + build + "',\n  base: () => ({\n" + wrapNames(Array.from(base).sort()) + '  }),\n  holder: ' + HOLDER + ',\n});\n\n' + stubs.join('');
}

/** Of each late file, as the head of the comment: "NAME LINE", "uses NAME...", "gives NAME...", and of a gate "needs FILE...". */
function printTable(facts: Facts, late: SourceUnit[], lineOf: (unit: SourceUnit) => number): string {
  const gives = listGiven(facts, late);
  return late.map((unit) => {
    const reached = unit.isGate ? reach(facts, [unit]) : new Set<SourceUnit>();
    const needs = unit.isGate ? 'needs ' + late.filter((one) => reached.has(one)).map((one) => one.name).join(' ') + '\n' : '';
    return unit.name + ' ' + String(lineOf(unit)) + '\nuses ' + listWords(facts.imports.get(unit)!.map((one) => one.name)) + '\ngives ' + listWords(gives.get(unit)!) + '\n' + needs;
  }).join('');
}

/** Tells code and late files apart. `print` gives the text of a file. Throws SourceError where a rule is broken. */
export function splitParts(units: SourceUnit[], print: (unit: SourceUnit) => string): Parts {
  if (!units.some((unit) => unit.isGate)) return { code: units, late: [], stubs: '', table: () => '', build: '' };
  const facts = readFacts(units);
  const loader = facts.byName.get(LOADER);
  if (loader === undefined) throw new SourceError('src/ORDER: files are late, and there is no ' + LOADER);
  const code = reach(facts, [units[units.length - 1], loader]);
  const behind = reach(facts, units.filter((unit) => unit.isGate));
  const late = units.filter((unit) => !code.has(unit) && behind.has(unit));
  const problems = findUnfit(facts, code, new Set(late));
  for (const unit of late) if (/^\/\/ ==== /m.test(unit.source.text)) problems.push(unit.source.fileName + ':1: a line begins with "// ==== ", by which late files are told apart');
  for (const unit of late) if (unit.source.text.indexOf(COMMENT_END) >= 0) problems.push(unit.source.fileName + ':1: "' + COMMENT_END + '" is what stands for the end of a comment in a late file');
  if (problems.length > 0) throw new SourceError(problems.join('\n'));
  const hash = createHash('sha256');
  for (const unit of late) hash.update(print(unit), 'latin1');
  const build = hash.digest('hex').slice(0, 16);
  return { code: units.filter((unit) => code.has(unit) || !behind.has(unit)), late, stubs: printStubs(facts, late, build), table: (lineOf) => printTable(facts, late, lineOf), build };
}

/** `texts` of late files as one comment; uncomment() of src/sys/late.ts undoes it. */
export function holdInComment(texts: string[]): string {
  return 'function ' + HOLDER + '() { /*\n' + texts.join('').replace(/\*\//g, COMMENT_END) + '*/ }\n';
}
