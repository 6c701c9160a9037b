// place.ts - where something stands in a source file, for messages. Knows no rule.
import * as ts from 'typescript';

/** A problem of the source that its author can mend; the message begins with `file:line: `. */
export class SourceError extends Error {}

/** `src/core/run.ts:12`: an editor jumps there. */
export function placeOf(source: ts.SourceFile, position: number): string {
  return source.fileName + ':' + (source.getLineAndCharacterOfPosition(position).line + 1);
}

/** Parses TypeScript; what is no TypeScript at all is found by tsc and by verifyStripped(). */
export function parseSource(fileName: string, text: string): ts.SourceFile {
  return ts.createSourceFile(fileName, text, ts.ScriptTarget.ES2020, true, ts.ScriptKind.TS);
}

/** Calls `visit` with the node and all below it, in the order of the text, types included. */
export function walk(node: ts.Node, visit: (node: ts.Node) => void): void {
  visit(node);
  ts.forEachChild(node, (child) => walk(child, visit));
}

/** Is the node a type, so that nothing of it is left in JavaScript? `A<T>` of `extends A<T>` is none. */
export function isTypeOnly(node: ts.Node): boolean {
  if (ts.isExpressionWithTypeArguments(node)) return false;
  return ts.isTypeNode(node) || ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) ||
    ts.isTypeParameterDeclaration(node) || isImplements(node) || isAmbient(node);
}

export function isImplements(node: ts.Node): boolean {
  return ts.isHeritageClause(node) && node.token === ts.SyntaxKind.ImplementsKeyword;
}

/** `declare const x: T`, `declare global { ... }` and the like: words about something that is elsewhere. */
export function isAmbient(node: ts.Node): boolean {
  return ts.canHaveModifiers(node) && hasModifier(node, ts.SyntaxKind.DeclareKeyword);
}

export function hasModifier(node: ts.HasModifiers, kind: ts.SyntaxKind): boolean {
  return (ts.getModifiers(node) || []).some((modifier) => modifier.kind === kind);
}
