// verify.ts - proves that stripped source is the program its author wrote. Knows not how it was stripped.
import * as ts from 'typescript';
import * as vm from 'vm';
import { SourceError, placeOf } from './place.ts';

/**
 * Compares the stripped file with what the compiler emits for the original: both are parsed as
 * JavaScript and must be the same tree, parentheses and empty statements aside. So a newline that
 * moved after `return`, or a `<` that was an operator, cannot slip through. Throws SourceError.
 */
export function verifyStripped(source: ts.SourceFile, stripped: string): void {
  const wanted = flatten(emit(source, withoutModules(source), 'file.ts'));
  const got = flatten(emit(source, stripped, 'file.js'));
  for (let i = 0; i < Math.max(wanted.length, got.length); i++) {
    if (wanted[i] === got[i]) continue;
    throw new SourceError(source.fileName + ':1: the types cannot be taken out in place: node ' + i + ' should be ' +
      wanted[i] + ' after ' + wanted.slice(Math.max(0, i - 5), i).join(' ') + ', is ' + got[i]);
  }
}

/** Throws SourceError unless V8 takes the text as the body of a CommonJS module. */
export function verifyScript(text: string, fileName: string): void {
  const body = text.replace(/^#!/, '//');
  // The wrapper of Node: a top-level `const module` would be a second declaration of a parameter.
  const head = '(function (exports, require, module, __filename, __dirname) { ';
  try {
    new vm.Script(head + body + '\n})', { filename: fileName });
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw new SourceError(String(error.stack).split('\n')[0] + ': ' + error.message);
  }
}

/** The original with its imports and `export` blanked; types and positions stay. */
function withoutModules(source: ts.SourceFile): string {
  let text = source.text;
  for (const statement of source.statements) {
    const exported = ts.canHaveModifiers(statement)
      ? (ts.getModifiers(statement) || []).find((modifier) => modifier.kind === ts.SyntaxKind.ExportKeyword)
      : undefined;
    const blanked = ts.isImportDeclaration(statement) ? statement : exported;
    if (blanked === undefined) continue;
    const start = blanked.getStart(source);
    text = text.slice(0, start) + text.slice(start, blanked.end).replace(/[^\n]/g, ' ') + text.slice(blanked.end);
  }
  return text;
}

function emit(source: ts.SourceFile, text: string, fileName: string): ts.SourceFile {
  const compilerOptions = { target: ts.ScriptTarget.ES2020, module: ts.ModuleKind.ESNext, removeComments: true, allowJs: true };
  const emitted = ts.transpileModule(text, { fileName, compilerOptions, reportDiagnostics: true });
  const problem = (emitted.diagnostics || [])[0];
  if (problem !== undefined) {
    const place = fileName === 'file.ts' ? placeOf(source, problem.start || 0) : source.fileName + ':1: without its types';
    throw new SourceError(place + ': ' + ts.flattenDiagnosticMessageText(problem.messageText, ' '));
  }
  return ts.createSourceFile('emitted.js', emitted.outputText, ts.ScriptTarget.ES2020, false, ts.ScriptKind.JS);
}

/** The tree as a list, each node followed by its children and `)`. */
function flatten(root: ts.Node): string[] {
  const list: string[] = [];
  function add(node: ts.Node): void {
    if (ts.isEmptyStatement(node) || ts.isSemicolonClassElement(node)) return;
    if (ts.isParenthesizedExpression(node)) return add(node.expression);
    const text = (node as { text?: unknown }).text;
    list.push(ts.SyntaxKind[node.kind] + (typeof text === 'string' && !ts.isSourceFile(node) ? ' ' + JSON.stringify(text) : ''));
    ts.forEachChild(node, add);
    list.push(')');
  }
  add(root);
  return list;
}
