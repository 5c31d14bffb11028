import type { ts } from "ts-morph";
import type { Compiler } from "./compiler.ts";

/** What is known of a method that is looked for in its source. */
export interface MethodQuery {
  className: string;
  methodName: string;
  /** Line of the decorated method or one of its decorators, from 1. */
  line?: number;
  /** Names of the parameters, where they are known. */
  parameterNames?: readonly string[];
  /** Parameters before the first one with an initialiser. */
  length: number;
}

/**
 * Finds the methods of a file that the query can mean. Name and parameters have to be right; class name and
 * line then narrow the choice, where they fit any. An inherited method stands in a class of another name.
 */
export function findMethods(ts: Compiler, file: ts.SourceFile, query: MethodQuery): ts.MethodDeclaration[] {
  const methods = listMethods(ts, file).filter(
    (method) => nameOf(ts, method) === query.methodName && hasSignature(ts, method, query),
  );
  const ofClass = methods.filter((method) => classNameOf(ts, method.parent) === query.className);
  const candidates = ofClass.length > 0 ? ofClass : methods;
  const { line } = query;
  const atLine = candidates.filter((method) => line !== undefined && isAtLine(file, method, line));
  return atLine.length > 0 ? atLine : candidates;
}

/** Lists the methods with a body of all classes of a file, at whatever depth. */
export function listMethods(ts: Compiler, file: ts.SourceFile): ts.MethodDeclaration[] {
  const methods: ts.MethodDeclaration[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isMethodDeclaration(node) && ts.isClassLike(node.parent) && node.body) methods.push(node);
    ts.forEachChild(node, visit);
  };
  visit(file);
  return methods;
}

/** Gives a method's name; `undefined` for computed and private ones. */
export function nameOf(ts: Compiler, method: ts.MethodDeclaration): string | undefined {
  const { name } = method;
  return ts.isIdentifier(name) || ts.isStringLiteral(name) ? name.text : undefined;
}

/** Gives the name that the class has when it runs, as far as the syntax tells. */
export function classNameOf(ts: Compiler, node: ts.Node): string | undefined {
  if (!ts.isClassLike(node)) return undefined;
  if (node.name) return node.name.text;
  let { parent } = node;
  while (
    ts.isParenthesizedExpression(parent) ||
    ts.isAsExpression(parent) ||
    ts.isSatisfiesExpression(parent)
  ) {
    parent = parent.parent;
  }
  if (
    ts.isVariableDeclaration(parent) ||
    ts.isPropertyAssignment(parent) ||
    ts.isPropertyDeclaration(parent)
  ) {
    return ts.isIdentifier(parent.name) ? parent.name.text : undefined;
  }
  return ts.isClassDeclaration(node) || ts.isExportAssignment(parent) ? "default" : undefined;
}

/** Lists a method's parameters without TypeScript's `this`, which is none when it runs. */
export function parametersOf(ts: Compiler, method: ts.MethodDeclaration): ts.ParameterDeclaration[] {
  return method.parameters.filter((each) => !(ts.isIdentifier(each.name) && each.name.text === "this"));
}

function hasSignature(ts: Compiler, method: ts.MethodDeclaration, query: MethodQuery): boolean {
  const parameters = parametersOf(ts, method);
  const firstOpen = parameters.findIndex((each) => each.initializer || each.dotDotDotToken);
  if ((firstOpen < 0 ? parameters.length : firstOpen) !== query.length) return false;
  const names = query.parameterNames;
  if (!names) return true;
  return (
    names.length === parameters.length &&
    parameters.every(({ name }, index) => !ts.isIdentifier(name) || name.text === names[index])
  );
}

/** Compilers map the call of a decorator to the method's start, to its name, or to the decorator itself. */
function isAtLine(file: ts.SourceFile, method: ts.MethodDeclaration, line: number): boolean {
  const first = file.getLineAndCharacterOfPosition(method.getStart(file)).line + 1;
  const last = file.getLineAndCharacterOfPosition(method.name.getEnd()).line + 1;
  return first <= line && line <= last;
}
