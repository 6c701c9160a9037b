// syntax.ts - which syntax the source of rr may not use. Knows one file at a time.
import * as ts from 'typescript';
import { hasModifier, isAmbient, placeOf, walk } from './place.ts';

/** One `file:line: message` for each thing that is newer than ES2020 or is no mere type. */
export function findRefusedSyntax(source: ts.SourceFile): string[] {
  const problems: string[] = [];
  walk(source, (node) => {
    const why = refuse(node, source);
    if (why !== '') problems.push(placeOf(source, node.getStart(source)) + ': ' + why);
  });
  return problems;
}

function refuse(node: ts.Node, source: ts.SourceFile): string {
  return refuseUnerasable(node) || refuseModules(node) || refuseNewClass(node) || refuseNewExpression(node, source);
}

/** What TypeScript turns into code of its own: rr.js must be readable as the source. */
function refuseUnerasable(node: ts.Node): string {
  if (ts.isEnumDeclaration(node)) return 'no enum: use a union of literals';
  if (ts.isModuleDeclaration(node) && !isAmbient(node)) return 'no namespace: a file is the namespace';
  if (ts.isDecorator(node)) return 'no decorators';
  if (ts.isTypeAssertionExpression(node)) return 'no <T>x: write x as T';
  if (ts.isParameter(node) && (ts.getModifiers(node) || []).length > 0) return 'no parameter properties: write the field';
  return '';
}

function refuseModules(node: ts.Node): string {
  if (ts.isExportAssignment(node)) return 'no default export: export a name';
  if (ts.canHaveModifiers(node) && hasModifier(node, ts.SyntaxKind.DefaultKeyword)) return 'no default export: export a name';
  if (ts.isExportDeclaration(node)) return 'no export list: put export before the declaration';
  if (ts.isImportEqualsDeclaration(node)) return 'no import =: write import { name } from';
  if (ts.isMetaProperty(node) && node.keywordToken === ts.SyntaxKind.ImportKeyword) return 'no import.meta: rr.js is no ES module';
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'no import(): modules come through sys/node.ts';
  return '';
}

function refuseNewClass(node: ts.Node): string {
  if (ts.isClassStaticBlockDeclaration(node)) return 'no static block: newer than ES2020';
  if (ts.canHaveModifiers(node) && hasModifier(node, ts.SyntaxKind.AccessorKeyword)) return 'no accessor: newer than ES2020';
  if (ts.isPrivateIdentifier(node)) return 'no #private names: newer than ES2020';
  return '';
}

const NEW_ASSIGNMENTS = [
  ts.SyntaxKind.QuestionQuestionEqualsToken, ts.SyntaxKind.BarBarEqualsToken, ts.SyntaxKind.AmpersandAmpersandEqualsToken,
];

function refuseNewExpression(node: ts.Node, source: ts.SourceFile): string {
  if (NEW_ASSIGNMENTS.includes(node.kind)) return 'no ' + node.getText(source) + ': newer than ES2020';
  if ((ts.isNumericLiteral(node) || ts.isBigIntLiteral(node)) && node.getText(source).includes('_')) {
    return 'no _ in numbers: newer than ES2020';
  }
  if (ts.isRegularExpressionLiteral(node)) {
    const flags = node.text.slice(node.text.lastIndexOf('/') + 1);
    if (/[^gimsuy]/.test(flags)) return 'no regular expression flag of "' + flags + '" newer than ES2020';
  }
  if (ts.isVariableDeclarationList(node) && isUsing(node)) return 'no using: newer than ES2020';
  if (isAwait(node) && !isInFunction(node)) return 'no await outside of a function: newer than ES2020';
  return '';
}

function isUsing(node: ts.VariableDeclarationList): boolean {
  const kind = node.flags & ts.NodeFlags.BlockScoped;
  return kind === ts.NodeFlags.Using || kind === ts.NodeFlags.AwaitUsing;
}

function isAwait(node: ts.Node): boolean {
  return ts.isAwaitExpression(node) || (ts.isForOfStatement(node) && node.awaitModifier !== undefined);
}

function isInFunction(node: ts.Node): boolean {
  for (let up = node.parent; up !== undefined; up = up.parent) if (ts.isFunctionLike(up)) return true;
  return false;
}
