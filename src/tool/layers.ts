// layers.ts - the layer law: who may import whom, and which names a layer may use. Knows no disk.
import * as ts from 'typescript';
import { isTypeOnly, placeOf, walk } from './place.ts';
import type { SourceUnit } from './tree.ts';

// 1. A file imports only files above it in ORDER, so there is no cycle.
// 2. A folder imports only the folders that MAY_IMPORT gives it; a command never another command.
// 3. A name at top level means one thing in all of src, for rr.js is one scope.
// 4. Pure folders name nothing of Node; the clock is read in one file, the process ends in one.

const MAY_IMPORT: { [folder: string]: string[] } = {
  'core': ['core'],
  'formats': ['core', 'formats'],
  'views': ['core', 'formats', 'views'],
  'sys': ['core', 'formats', 'views', 'sys'],
  'commands': ['core', 'formats', 'views', 'sys'],
  'cli.ts': ['core', 'formats', 'views', 'sys', 'commands'],
  'main.ts': ['core', 'formats', 'views', 'sys', 'commands', 'cli.ts'],
};
const PURE = ['core', 'formats', 'views', 'cli.ts'];
const EFFECTS = new Set([
  'process', 'require', 'Buffer', 'module', 'exports', '__dirname', '__filename', 'global', 'globalThis', 'console',
  'setTimeout', 'setInterval', 'setImmediate', 'clearTimeout', 'clearInterval', 'clearImmediate', 'queueMicrotask',
  'performance', 'fetch', 'Deno', 'Bun',
]);

/** `isType`: nothing of it is left in JavaScript. */
export type Import = { name: string; target: string; isType: boolean; place: string };
/** What one file says: names declared anywhere in it, names used as values, names at top level. */
type Names = { declared: Set<string>; usedAt: Map<string, string>; topLevelAt: Map<string, string> };
type Analysis = { unit: SourceUnit; imports: Import[]; names: Names };

/** One `file:line: message` for each breach; `units` in the order of ORDER. */
export function findLayerBreaches(units: SourceUnit[]): string[] {
  const problems: string[] = [];
  const analyses = units.map((unit) => ({ unit, imports: readImports(unit, problems), names: collectNames(unit.source) }));
  for (const analysis of analyses) {
    problems.push(...judgeImports(analysis, analyses), ...judgeUses(analysis));
  }
  return [...problems, ...findClashes(analyses), ...findCaptured(analyses)];
}

/** The imports of a file; those in a form that rr.js could not follow go to `problems`. */
export function readImports(unit: SourceUnit, problems: string[]): Import[] {
  const imports: Import[] = [];
  for (const statement of unit.source.statements) {
    if (!ts.isImportDeclaration(statement)) continue;
    const place = placeOf(unit.source, statement.getStart(unit.source));
    const from = (statement.moduleSpecifier as ts.StringLiteral).text;
    const why = refuseImport(statement, from);
    if (why !== '') problems.push(place + ': ' + why);
    else for (const one of importedNames(statement)) imports.push({ ...one, target: resolve(unit.name, from), place });
  }
  return imports;
}

function refuseImport(statement: ts.ImportDeclaration, from: string): string {
  const clause = statement.importClause;
  if (!from.startsWith('./') && !from.startsWith('../')) {
    return 'imports the module "' + from + '": Node comes through sys/node.ts (src/sys/node.ts:1)';
  }
  if (!from.endsWith('.ts')) return 'imports "' + from + '": write the file with its .ts';
  if (clause === undefined) return 'imports "' + from + '" for its effects: import a name';
  if (clause.name !== undefined) return 'default import: write import { name } from';
  if (clause.namedBindings === undefined || !ts.isNamedImports(clause.namedBindings)) return 'namespace import: write import { name } from';
  const renamed = clause.namedBindings.elements.find((element) => element.propertyName !== undefined);
  return renamed === undefined ? '' : 'renames the import "' + renamed.propertyName!.text + '": rr.js has one name for a thing';
}

function importedNames(statement: ts.ImportDeclaration): { name: string; isType: boolean }[] {
  const clause = statement.importClause!;
  const bindings = clause.namedBindings as ts.NamedImports;
  return bindings.elements.map((element) => ({ name: element.name.text, isType: clause.isTypeOnly || element.isTypeOnly }));
}

/** '../core/run.ts' seen from 'sys/store.ts' is 'core/run.ts'; leading '..' stay where it climbs out. */
function resolve(from: string, specifier: string): string {
  const parts = from.split('/').slice(0, -1);
  for (const part of specifier.split('/')) {
    if (part === '..' && parts.length > 0 && parts[parts.length - 1] !== '..') parts.pop();
    else if (part !== '.') parts.push(part);
  }
  return parts.join('/');
}

function judgeImports(analysis: Analysis, all: Analysis[]): string[] {
  const problems: string[] = [];
  const own = all.indexOf(analysis);
  for (const one of analysis.imports) {
    const index = all.findIndex((other) => other.unit.name === one.target);
    const why = index < 0 ? 'imports ' + one.target + ', which is not in ORDER' : judgeImport(one, own, index, all);
    if (why !== '' && !problems.includes(one.place + ': ' + why)) problems.push(one.place + ': ' + why);
  }
  return problems;
}

function judgeImport(one: Import, own: number, index: number, all: Analysis[]): string {
  const unit = all[own].unit;
  const target = all[index];
  const back = target.imports.find((other) => reaches(other.target, unit.name, all, new Set()));
  if (back !== undefined) return 'imports ' + one.target + ', which leads back here from ' + back.place + ': a cycle';
  if (index >= own) return 'imports ' + one.target + ', which stands below it at ' + target.unit.orderPlace;
  const folder = target.unit.folder;
  if (folder === 'commands' && unit.folder === 'commands') {
    return 'a command imports the command ' + target.unit.source.fileName + ':1: move what both need to a lower layer';
  }
  if (!MAY_IMPORT[unit.folder].includes(folder)) return unit.folder + ' may not import ' + folder + ' (' + target.unit.source.fileName + ':1)';
  if (one.target === 'sys/node.ts' && PURE.includes(unit.folder)) return unit.folder + ' may not touch Node (' + target.unit.source.fileName + ':1)';
  if (!target.names.topLevelAt.has(one.name)) return 'imports "' + one.name + '", which ' + target.unit.source.fileName + ':1 does not declare';
  return '';
}

/** Is `goal` the file `from` or one that it imports, over any number of steps? */
function reaches(from: string, goal: string, all: Analysis[], seen: Set<string>): boolean {
  if (from === goal) return true;
  if (seen.has(from)) return false;
  seen.add(from);
  const analysis = all.find((other) => other.unit.name === from);
  return analysis !== undefined && analysis.imports.some((one) => reaches(one.target, goal, all, seen));
}

function collectNames(source: ts.SourceFile): Names {
  const names: Names = { declared: new Set(), usedAt: new Map(), topLevelAt: new Map() };
  walk(source, (node) => {
    if (!ts.isIdentifier(node)) return;
    if (isDeclaredName(node)) {
      names.declared.add(node.text);
      if (isTopLevel(node)) setOnce(names.topLevelAt, node.text, placeOf(source, node.getStart(source)));
    } else if (isValueUse(node)) setOnce(names.usedAt, node.text, placeOf(source, node.getStart(source)));
  });
  return names;
}

function setOnce(map: Map<string, string>, key: string, value: string): void {
  if (!map.has(key)) map.set(key, value);
}

function isDeclaredName(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isPropertyDeclaration(parent) || ts.isPropertyAssignment(parent) || ts.isMethodDeclaration(parent)) return false;
  if (ts.isShorthandPropertyAssignment(parent) || ts.isPropertySignature(parent) || ts.isAccessor(parent)) return false;
  return (parent as { name?: ts.Node }).name === node && !ts.isPropertyAccessExpression(parent) && !ts.isMetaProperty(parent);
}

/** Is the declared name one of the file's own scope, and not an import? */
function isTopLevel(node: ts.Identifier): boolean {
  let up: ts.Node = node.parent;
  while (ts.isBindingElement(up) || ts.isObjectBindingPattern(up) || ts.isArrayBindingPattern(up)) up = up.parent;
  if (ts.isVariableDeclaration(up)) up = up.parent.parent;
  return ts.isSourceFile(up.parent) && ts.isStatement(up);
}

function isValueUse(node: ts.Identifier): boolean {
  const parent = node.parent;
  if (ts.isShorthandPropertyAssignment(parent)) return true;
  if ((parent as { name?: ts.Node }).name === node) return false;
  if ((parent as { propertyName?: ts.Node }).propertyName === node) return false;
  if (ts.isLabeledStatement(parent) || ts.isBreakOrContinueStatement(parent)) return false;
  for (let up: ts.Node = node; up !== undefined; up = up.parent) if (isTypeOnly(up)) return false;
  return true;
}

/** Rule 4. */
function judgeUses(analysis: Analysis): string[] {
  const { unit, names } = analysis;
  const problems: string[] = [];
  for (const [name, place] of names.usedAt) {
    if (!PURE.includes(unit.folder) || names.declared.has(name)) continue;
    if (EFFECTS.has(name)) problems.push(place + ': ' + unit.folder + ' may not use ' + name + ': that is for sys');
  }
  walk(unit.source, (node) => {
    const why = refuseEffect(unit, node);
    if (why !== '') problems.push(placeOf(unit.source, node.getStart(unit.source)) + ': ' + why);
  });
  return problems;
}

function refuseEffect(unit: SourceUnit, node: ts.Node): string {
  const text = ts.isPropertyAccessExpression(node) ? node.getText(unit.source).replace(/\s/g, '') : '';
  if (text === 'process.exit' && unit.name !== 'main.ts') return 'process.exit is for main.ts alone: throw a Failure';
  if (text === 'Math.random' && PURE.includes(unit.folder)) return unit.folder + ' may not throw dice: that is for sys';
  if (/\.(localeCompare|toLocale\w+)$/.test(text) || /^Intl\./.test(text)) return 'the locale must not matter: ' + text;
  if (unit.name === 'sys/clock.ts') return '';
  const isNow = (ts.isNewExpression(node) || ts.isCallExpression(node)) && node.expression.getText(unit.source) === 'Date' &&
    (ts.isCallExpression(node) || node.arguments === undefined || node.arguments.length === 0);
  return text === 'Date.now' || isNow ? 'the clock is read in sys/clock.ts alone' : '';
}

/** Rule 3. */
function findClashes(analyses: Analysis[]): string[] {
  const problems: string[] = [];
  const placeByName = new Map<string, string>();
  for (const { names } of analyses) {
    for (const [name, place] of names.topLevelAt) {
      const first = placeByName.get(name);
      if (first !== undefined) problems.push(place + ': "' + name + '" is declared already at ' + first);
      else placeByName.set(name, place);
    }
  }
  return problems;
}

/** A name that a file takes from JavaScript or Node would mean another file's declaration in rr.js. */
function findCaptured(analyses: Analysis[]): string[] {
  const problems: string[] = [];
  for (const { names: theirs } of analyses) {
    for (const [name, declaredAt] of theirs.topLevelAt) {
      for (const { names } of analyses) {
        const usedAt = names.usedAt.get(name);
        if (usedAt === undefined || names.declared.has(name)) continue;
        problems.push(usedAt + ': "' + name + '" is not imported, and would be the one of ' + declaredAt + ' in rr.js');
      }
    }
  }
  return problems;
}
