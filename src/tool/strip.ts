// strip.ts - takes the types out of one TypeScript file in place. Knows no other file and no order.
import * as ts from 'typescript';
import { SourceError, hasModifier, isAmbient, isImplements, placeOf } from './place.ts';

// The text is edited, never printed anew: comments, blank lines and the shape of the code are the
// author's in rr.js too. What a reader needs to know of the types, the shapes of the records, stays
// as comments. verifyStripped() then compares the result with what the compiler itself would emit.

/** Replaces [start, end) by `text`. `isWholeLine`: the range is lines, from the first byte to the newline. */
type Edit = { start: number; end: number; text: string; isWholeLine?: boolean };

/** What the edits of one file are collected in. */
type Stripping = { source: ts.SourceFile; edits: Edit[] };

/** The file in plain JavaScript, without imports and `export`. Throws SourceError where that cannot be. */
export function stripTypes(source: ts.SourceFile): string {
  const stripping: Stripping = { source, edits: [] };
  visit(stripping, source);
  return applyEdits(source.text, stripping.edits);
}

function visit(to: Stripping, node: ts.Node): void {
  if (isNothingInJavaScript(node)) {
    to.edits.push(removeLines(to.source, node));
    return;
  }
  if (ts.isTypeAliasDeclaration(node) || ts.isInterfaceDeclaration(node) || isPlainField(node)) {
    to.edits.push(commentOut(to.source, node));
    return;
  }
  if (ts.isParameter(node) && node.name.getText(to.source) === 'this') {
    to.edits.push(removeThisParameter(to.source, node));
    return;
  }
  if (isImplements(node)) {
    to.edits.push({ start: backOverBlanks(to.source, node.getStart(to.source)), end: node.end, text: '' });
    return;
  }
  editNode(to, node);
  ts.forEachChild(node, (child) => {
    if (!ts.isTypeNode(child) || ts.isExpressionWithTypeArguments(child)) visit(to, child);
  });
}

/** Imports, ambient declarations, overload signatures, abstract members, index signatures. */
function isNothingInJavaScript(node: ts.Node): boolean {
  if (ts.isImportDeclaration(node)) return true;
  if (isAmbient(node)) return !ts.isPropertyDeclaration(node);
  if (ts.isFunctionDeclaration(node) || ts.isMethodDeclaration(node) || ts.isConstructorDeclaration(node) ||
    ts.isGetAccessor(node) || ts.isSetAccessor(node)) return node.body === undefined;
  return ts.isIndexSignatureDeclaration(node) && ts.isClassLike(node.parent);
}

// A field without a value does nothing under tsc's rules for ES2020, but `name;` would set it to
// undefined in JavaScript, over what the parent class had put there. So it becomes a comment.
function isPlainField(node: ts.Node): boolean {
  return ts.isPropertyDeclaration(node) && node.initializer === undefined;
}

/** The edits for what belongs to this one node; those below it follow by themselves. */
function editNode(to: Stripping, node: ts.Node): void {
  if (ts.canHaveModifiers(node)) editModifiers(to, node);
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node) || ts.isNonNullExpression(node)) {
    to.edits.push({ start: node.expression.end, end: node.end, text: '' });
  }
  if (ts.isFunctionLike(node) || ts.isClassLike(node)) editAngles(to, node.typeParameters);
  if (ts.isCallExpression(node) || ts.isNewExpression(node) || ts.isTaggedTemplateExpression(node) ||
    ts.isExpressionWithTypeArguments(node)) editAngles(to, node.typeArguments);
  if (ts.isFunctionLike(node)) editAnnotation(to, undefined, node.type);
  if (ts.isMethodDeclaration(node)) editAnnotation(to, node.questionToken, undefined);
  if (ts.isParameter(node)) editAnnotation(to, node.questionToken, node.type);
  if (ts.isPropertyDeclaration(node)) editAnnotation(to, node.questionToken || node.exclamationToken, node.type);
  if (ts.isVariableDeclaration(node)) editAnnotation(to, node.exclamationToken, node.type);
}

const ERASED_MODIFIERS = [
  ts.SyntaxKind.ExportKeyword, ts.SyntaxKind.PublicKeyword, ts.SyntaxKind.PrivateKeyword,
  ts.SyntaxKind.ProtectedKeyword, ts.SyntaxKind.ReadonlyKeyword, ts.SyntaxKind.OverrideKeyword,
  ts.SyntaxKind.AbstractKeyword,
];

function editModifiers(to: Stripping, node: ts.HasModifiers): void {
  for (const modifier of ts.getModifiers(node) || []) {
    if (!ERASED_MODIFIERS.includes(modifier.kind)) continue;
    const start = modifier.getStart(to.source);
    to.edits.push({ start, end: overBlanks(to.source, modifier.end), text: '' });
  }
}

/** `<T, U>`: from the bracket before the list to the one after it. */
function editAngles(to: Stripping, list: ts.NodeArray<ts.Node> | undefined): void {
  if (list === undefined) return;
  to.edits.push({ start: list.pos - 1, end: to.source.text.indexOf('>', list.end) + 1, text: '' });
}

/** `?`, `!` and `: T`; the colon is the last byte before the type with its blanks. */
function editAnnotation(to: Stripping, mark: ts.Node | undefined, type: ts.Node | undefined): void {
  if (mark === undefined && type === undefined) return;
  const start = mark !== undefined ? mark.getStart(to.source) : type!.pos - 1;
  const end = type !== undefined ? type.end : mark!.end;
  to.edits.push({ start: backOverBlanks(to.source, start), end, text: '' });
}

function removeThisParameter(source: ts.SourceFile, node: ts.ParameterDeclaration): Edit {
  const next = node.parent.parameters[1];
  return { start: node.getStart(source), end: next === undefined ? node.end : next.getStart(source), text: '' };
}

function backOverBlanks(source: ts.SourceFile, position: number): number {
  let at = position;
  while (source.text[at - 1] === ' ') at--;
  return at;
}

function overBlanks(source: ts.SourceFile, position: number): number {
  let at = position;
  while (source.text[at] === ' ') at++;
  return at;
}

/** First byte of the first line and the newline after the last line of a node that has its lines to itself. */
function linesOf(source: ts.SourceFile, node: ts.Node): { start: number; end: number } {
  const start = source.text.lastIndexOf('\n', node.getStart(source) - 1) + 1;
  const newline = source.text.indexOf('\n', node.end);
  const end = newline < 0 ? source.text.length : newline;
  const before = source.text.slice(start, node.getStart(source));
  const after = source.text.slice(node.end, end);
  if (!/^ *$/.test(before) || !/^ *(\/\/.*)?$/.test(after)) {
    throw new SourceError(placeOf(source, node.getStart(source)) + ': cannot take this out: it shares its line with code');
  }
  return { start, end };
}

function removeLines(source: ts.SourceFile, node: ts.Node): Edit {
  const lines = linesOf(source, node);
  return { start: lines.start, end: Math.min(lines.end + 1, source.text.length), text: '', isWholeLine: true };
}

function commentOut(source: ts.SourceFile, node: ts.Node): Edit {
  const { start, end } = linesOf(source, node);
  const indent = ' '.repeat(node.getStart(source) - start);
  const isExported = ts.canHaveModifiers(node) && hasModifier(node, ts.SyntaxKind.ExportKeyword);
  const lines = source.text.slice(start, end).split('\n').map((line) => line.replace(indent, ''));
  if (isExported) lines[0] = lines[0].replace(/^export +/, '');
  return { start, end, text: lines.map((line) => (indent + '// ' + line).trimEnd()).join('\n') };
}

function applyEdits(text: string, edits: Edit[]): string {
  let result = '';
  let at = 0;
  for (const edit of joinWholeLines(text, edits.sort((a, b) => a.start - b.start))) {
    if (edit.start < at) throw new Error('two edits overlap at ' + edit.start);
    result += text.slice(at, edit.start) + edit.text;
    at = edit.end;
  }
  return result + text.slice(at);
}

/** Lines that are removed together take the empty line below them along if there is one above them. */
function joinWholeLines(text: string, edits: Edit[]): Edit[] {
  const joined: Edit[] = [];
  for (const edit of edits) {
    const last = joined[joined.length - 1];
    if (edit.isWholeLine && last !== undefined && last.isWholeLine && last.end === edit.start) last.end = edit.end;
    else joined.push({ ...edit });
  }
  for (const edit of joined) {
    const isAfterEmpty = edit.start === 0 || text.slice(0, edit.start).endsWith('\n\n');
    if (edit.isWholeLine && isAfterEmpty && text[edit.end] === '\n') edit.end++;
  }
  return joined;
}
