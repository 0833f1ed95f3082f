import ts from 'typescript';

/** One change of one place of the source. */
export interface Mutant {
  readonly id: number;
  readonly file: string;
  readonly line: number;
  readonly column: number;
  readonly kind: string;
  readonly original: string;
  readonly mutated: string;
}

/** A file with all its mutants in it, each behind the switch `__mutant(id)`. */
export interface Schemata {
  readonly code: string;
  readonly mutants: readonly Mutant[];
}

const { SyntaxKind: K } = ts;

const COMPARISONS: Readonly<Partial<Record<ts.SyntaxKind, readonly (readonly [kind: string, operator: string])[]>>> = {
  [K.LessThanToken]: [
    ['comparison', '>='],
    ['boundary', '<='],
  ],
  [K.GreaterThanToken]: [
    ['comparison', '<='],
    ['boundary', '>='],
  ],
  [K.LessThanEqualsToken]: [
    ['comparison', '>'],
    ['boundary', '<'],
  ],
  [K.GreaterThanEqualsToken]: [
    ['comparison', '<'],
    ['boundary', '>'],
  ],
  [K.EqualsEqualsToken]: [['equality', '!=']],
  [K.ExclamationEqualsToken]: [['equality', '==']],
  [K.EqualsEqualsEqualsToken]: [['equality', '!==']],
  [K.ExclamationEqualsEqualsToken]: [['equality', '===']],
  [K.PlusToken]: [['arithmetic', '-']],
  [K.MinusToken]: [['arithmetic', '+']],
  [K.PlusEqualsToken]: [['arithmetic', '-=']],
  [K.MinusEqualsToken]: [['arithmetic', '+=']],
  [K.AmpersandAmpersandToken]: [['logic', '||']],
  [K.BarBarToken]: [['logic', '&&']],
};

/**
 * Instruments one file. Ids count up from `firstId`; the mutated forms hold no further switch, since one mutant is active at
 * a time. All mutants are named, but only those that are wanted get a switch: a switch costs more than most code.
 */
export function mutate(file: string, text: string, firstId: number, isWanted: (id: number) => boolean = () => true): Schemata {
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.ES2022, true, ts.ScriptKind.TS);
  const mutants: Mutant[] = [];

  const raw = (node: ts.Node): string => text.slice(node.getStart(source), node.end);

  function add(node: ts.Node, kind: string, original: string, mutated: string): number {
    const { line, character } = source.getLineAndCharacterOfPosition(node.getStart(source));
    const id = firstId + mutants.length;
    mutants.push({ id, file, line: line + 1, column: character + 1, kind, original: short(original), mutated: short(mutated) });
    return id;
  }

  /** The text of a node with the switches of everything inside it. */
  function inside(node: ts.Node): string {
    let code = '';
    let at = node.getStart(source);
    ts.forEachChild(node, (child) => {
      const start = child.getStart(source);
      code += text.slice(at, start) + emit(child);
      at = child.end;
    });
    return code + text.slice(at, node.end);
  }

  function emit(node: ts.Node): string {
    if (isLeftAlone(node)) return raw(node);
    if (ts.isExpressionStatement(node) && isEffect(node.expression)) {
      const id = add(node, 'statement', raw(node), ';');
      return isWanted(id) ? `{ if (!__mutant(${id})) ${inside(node)} }` : inside(node);
    }
    if (ts.isReturnStatement(node) && node.expression !== undefined && !isNothing(node.expression)) {
      const id = add(node, 'return', raw(node), 'return;');
      return isWanted(id) ? `{ if (__mutant(${id})) return; ${inside(node)} }` : inside(node);
    }
    if (!ts.isExpression(node)) return inside(node);
    const forms = formsOf(node).map(([kind, mutated]) => [add(node, kind, ...named(node, mutated)), mutated] as const);
    if (isCondition(node) && !forms.some(([id]) => ['comparison', 'equality'].includes(mutants[id - firstId]!.kind))) {
      const mutated =
        node.kind === K.PrefixUnaryExpression && raw(node).startsWith('!')
          ? raw((node as ts.PrefixUnaryExpression).operand)
          : `!(${raw(node)})`;
      forms.push([add(node, 'condition', raw(node), mutated), mutated]);
    }
    return forms
      .filter(([id]) => isWanted(id))
      .reduceRight((code, [id, mutated]) => `(__mutant(${id}) ? (${mutated}) : (${code}))`, inside(node));
  }

  /** `true` alone says little: what is called so, set to it, given it, or returned is part of the name. */
  function named(node: ts.Expression, mutated: string): [original: string, mutated: string] {
    const { parent } = node;
    if (!isLiteralTruth(node) || !(ts.isStatement(parent) || ts.isCallExpression(parent) || isNaming(parent))) {
      return [raw(node), mutated];
    }
    const [from, to] = [node.getStart(source), node.end].map((at) => at - parent.getStart(source)) as [number, number];
    const text = raw(parent);
    return [text, text.slice(0, from) + mutated + text.slice(to)];
  }

  /** The other forms of an expression itself. */
  function formsOf(node: ts.Expression): (readonly [kind: string, mutated: string])[] {
    if (node.kind === K.TrueKeyword) return [['boolean', 'false']];
    if (node.kind === K.FalseKeyword) return [['boolean', 'true']];
    if (ts.isBinaryExpression(node)) {
      const { left, right, operatorToken } = node;
      if (operatorToken.kind === K.QuestionQuestionToken) return [['nullish', raw(left)]];
      if (operatorToken.kind === K.PlusToken && (isText(left) || isText(right))) return [];
      if (isStatementOf(node)) return []; // its removal stands for it, except +=
      return (COMPARISONS[operatorToken.kind] ?? [])
        .filter(([kind]) => kind !== 'boundary' || !isExtremum(node))
        .map(([kind, operator]) => [kind, joined(left, operator, right)] as const);
    }
    if (ts.isPrefixUnaryExpression(node) && node.operator === K.MinusToken && !ts.isNumericLiteral(node.operand)) {
      return [['arithmetic', `+${raw(node.operand)}`]];
    }
    if (ts.isPrefixUnaryExpression(node) || ts.isPostfixUnaryExpression(node)) {
      if (node.operator !== K.PlusPlusToken && node.operator !== K.MinusMinusToken) return [];
      const text = raw(node);
      return [['arithmetic', node.operator === K.PlusPlusToken ? text.replace('++', '--') : text.replace('--', '++')]];
    }
    return [];
  }

  /** `a && b` beside `||` needs parentheses around its own kind only where `??` is near: they are always there. */
  function joined(left: ts.Expression, operator: string, right: ts.Expression): string {
    const isLogic = operator === '&&' || operator === '||';
    return isLogic ? `(${raw(left)}) ${operator} (${raw(right)})` : `${raw(left)} ${operator} ${raw(right)}`;
  }

  return { code: inside(source), mutants };
}

const short = (code: string): string => {
  const line = code.replace(/\s+/g, ' ');
  return line.length > 100 ? `${line.slice(0, 97)}…` : line;
};

/** Types, declarations without code, import lines, and texts for people: no test may depend on their words. */
function isLeftAlone(node: ts.Node): boolean {
  if (ts.isExpression(node) && isMessage(node)) return true;
  if (ts.isTypeNode(node) && !ts.isExpressionWithTypeArguments(node)) return true;
  if (ts.isInterfaceDeclaration(node) || ts.isTypeAliasDeclaration(node) || ts.isEnumDeclaration(node)) return true;
  if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node) || ts.isHeritageClause(node)) return true;
  return ts.canHaveModifiers(node) && (ts.getModifiers(node) ?? []).some(({ kind }) => kind === K.DeclareKeyword);
}

/** `if (a < b) b = a`, `a < b ? a : b`: where both are equal it makes no difference which is taken. */
function isExtremum({ left, right, parent }: ts.BinaryExpression): boolean {
  const textOf = (side: ts.Expression): string => (ts.isNonNullExpression(side) ? side.expression : side).getText();
  const both = (one: ts.Expression, other: ts.Expression): string => [textOf(one), textOf(other)].sort().join();
  const sides = both(left, right);
  const are = (one: ts.Expression, other: ts.Expression): boolean => both(one, other) === sides;
  while (ts.isParenthesizedExpression(parent) || ts.isPrefixUnaryExpression(parent)) parent = parent.parent as typeof parent;
  if (ts.isConditionalExpression(parent)) return are(parent.whenTrue, parent.whenFalse);
  if (!ts.isIfStatement(parent) || parent.elseStatement !== undefined) return false;
  const then = parent.thenStatement;
  if (!ts.isExpressionStatement(then) || !ts.isBinaryExpression(then.expression)) return false;
  return isStatementOf(then.expression) && are(then.expression.left, then.expression.right);
}

/** `new TidemarkError(code, message, …)`, `checkOption(condition, message, …)`, `const message = …`, `{ message: … }`. */
function isMessage(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isVariableDeclaration(parent) || ts.isPropertyAssignment(parent)) {
    return parent.initializer === node && ['message', 'remedy'].includes(parent.name.getText());
  }
  if (ts.isNewExpression(parent)) return parent.expression.getText() === 'TidemarkError' && parent.arguments?.[1] === node;
  return ts.isCallExpression(parent) && parent.expression.getText() === 'checkOption' && parent.arguments[1] === node;
}

/** What a statement does that can be left out. */
function isEffect(expression: ts.Expression): boolean {
  if (ts.isVoidExpression(expression)) return isEffect(expression.expression);
  if (ts.isAwaitExpression(expression) || ts.isParenthesizedExpression(expression)) return isEffect(expression.expression);
  if (ts.isCallExpression(expression)) return expression.expression.kind !== K.SuperKeyword;
  if (ts.isDeleteExpression(expression)) return true;
  if (ts.isPostfixUnaryExpression(expression)) return true;
  if (ts.isPrefixUnaryExpression(expression))
    return expression.operator === K.PlusPlusToken || expression.operator === K.MinusMinusToken;
  return ts.isBinaryExpression(expression) && isAssignment(expression.operatorToken.kind);
}

const isAssignment = (kind: ts.SyntaxKind): boolean => kind >= K.FirstAssignment && kind <= K.LastAssignment;

const isLiteralTruth = ({ kind }: ts.Expression): boolean => kind === K.TrueKeyword || kind === K.FalseKeyword;

function isNaming(node: ts.Node): boolean {
  return [ts.isPropertyDeclaration, ts.isVariableDeclaration, ts.isPropertyAssignment, ts.isBinaryExpression].some((is) =>
    is(node),
  );
}

/** `x = y;` as a statement: what it assigns is not an expression of its own. */
function isStatementOf(node: ts.BinaryExpression): boolean {
  return node.operatorToken.kind === K.EqualsToken;
}

/** What returns it returns the same, or as good as the same, without it. */
function isNothing(expression: ts.Expression): boolean {
  if (expression.kind === K.FalseKeyword) return true;
  return ts.isVoidExpression(expression) || (ts.isIdentifier(expression) && expression.text === 'undefined');
}

function isText(expression: ts.Expression): boolean {
  if (ts.isBinaryExpression(expression)) return isText(expression.left) || isText(expression.right);
  return ts.isStringLiteralLike(expression) || ts.isTemplateExpression(expression);
}

/** The condition of if, ?:, while, do, for. */
function isCondition(node: ts.Expression): boolean {
  const { parent } = node;
  if (ts.isIfStatement(parent) || ts.isWhileStatement(parent) || ts.isDoStatement(parent)) return parent.expression === node;
  return (ts.isConditionalExpression(parent) || ts.isForStatement(parent)) && parent.condition === node;
}
