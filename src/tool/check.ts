// check.ts - sizes, first lines and names of the source files. Knows nothing of layers and types.
import * as fs from 'fs';
import * as path from 'path';
import * as ts from 'typescript';
import { SourceError, hasModifier, isAmbient, parseSource, placeOf, walk } from './place.ts';
import { listSources, readSource } from './tree.ts';

// usage: node check.js [DIR]: looks at DIR/src and DIR/test, prints a line for each fault

const MAX_FILE_LINES = 800;
const MAX_FUNCTION_LINES = 70;
/** Names that say nothing about what is inside. */
const EMPTY_NAMES = ['index.ts', 'utils.ts', 'util.ts', 'types.ts', 'helpers.ts', 'common.ts', 'misc.ts'];

/** One `file:line: message` for each fault under `top`. */
export function findFaults(top: string): string[] {
  const problems: string[] = [];
  for (const name of listSources(path.join(top, 'src'))) {
    try {
      problems.push(...judgeSource(readSource(path.join(top, 'src', name), 'src/' + name)));
    } catch (error) {
      if (!(error instanceof SourceError)) throw error;
      problems.push(error.message);
    }
  }
  if (!fs.existsSync(path.join(top, 'test'))) return problems;
  for (const name of listSources(path.join(top, 'test'))) {
    problems.push(...judgeLength(parseSource('test/' + name, fs.readFileSync(path.join(top, 'test', name), 'utf8'))));
  }
  return problems;
}

function judgeSource(source: ts.SourceFile): string[] {
  const name = path.basename(source.fileName);
  const problems = judgeLength(source);
  if (EMPTY_NAMES.includes(name)) problems.push(source.fileName + ':1: the name says nothing: name it after what it does');
  if (!source.text.startsWith('// ' + name + ' - ')) problems.push(source.fileName + ':1: first line is not "// ' + name + ' - PURPOSE"');
  walk(source, (node) => {
    const why = judgeNode(source, node);
    if (why !== '') problems.push(placeOf(source, node.getStart(source)) + ': ' + why);
  });
  return problems;
}

function judgeLength(source: ts.SourceFile): string[] {
  const lines = source.text.split('\n').length - 1;
  const isMade = /^[^\n]* Made from /.test(source.text);
  return lines > MAX_FILE_LINES && !isMade ? [source.fileName + ':' + lines + ': ' + lines + ' lines, more than ' + MAX_FILE_LINES] : [];
}

function judgeNode(source: ts.SourceFile, node: ts.Node): string {
  if (ts.isFunctionLike(node) && 'body' in node && node.body !== undefined) {
    const lines = source.text.slice(node.getStart(source), node.end).split('\n').length;
    if (lines > MAX_FUNCTION_LINES) return 'a function of ' + lines + ' lines, more than ' + MAX_FUNCTION_LINES;
  }
  if (ts.isExportAssignment(node) || (ts.canHaveModifiers(node) && hasModifier(node, ts.SyntaxKind.DefaultKeyword))) {
    return 'no default export: export a name';
  }
  if (ts.isEnumDeclaration(node)) return 'no enum: use a union of literals';
  return ts.isModuleDeclaration(node) && !isAmbient(node) ? 'no namespace: a file is the namespace' : '';
}

function main(): void {
  const problems = findFaults(process.argv[2] || '.');
  if (problems.length === 0) return;
  process.stderr.write(problems.join('\n') + '\n');
  process.exitCode = 1;
}

if (require.main === module) main();
