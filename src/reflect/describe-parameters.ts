import type { ts } from "ts-morph";
import type { MethodDescription, ParameterDescription } from "../params/types.ts";
import { type TypeDescriber, UnmappedType } from "./checked-types.ts";
import type { Compiler } from "./compiler.ts";
import { parametersOf } from "./find-methods.ts";
import { toProperty } from "./join-types.ts";
import type { ReadType, SyntaxReader } from "./syntax-types.ts";

/** A parameter, and what stands in the way of describing it. */
export interface UnmappedParameter {
  parameter: string;
  problem: string;
  /** Whether a program with more files could tell. */
  isUnresolved: boolean;
}

/** Describes a method from its syntax alone; `undefined` where the checker is needed. */
export function describeBySyntax(
  ts: Compiler,
  method: ts.MethodDeclaration,
  reader: SyntaxReader,
): MethodDescription | undefined {
  const parameters = parametersOf(ts, method).map((parameter) => {
    const read = isNamed(ts, parameter) ? readBySyntax(parameter, reader) : undefined;
    return read && toDescription(parameter, read);
  });
  return parameters.every((parameter) => parameter !== undefined) ? { parameters } : undefined;
}

/** Describes a method with the checker's help, or tells of each parameter that cannot be described. */
export function describeByChecker(
  ts: Compiler,
  method: ts.MethodDeclaration,
  { reader, describer }: { reader: SyntaxReader; describer: TypeDescriber },
): MethodDescription | UnmappedParameter[] {
  const unmapped: UnmappedParameter[] = [];
  const parameters: ParameterDescription[] = [];
  for (const parameter of parametersOf(ts, method)) {
    const name = parameter.name.getText();
    if (!isNamed(ts, parameter)) {
      const kind = parameter.dotDotDotToken ? "a rest parameter" : "destructured";
      const problem = `is ${kind}, so that it has no name to be found by in a request. Give it a name of its own.`;
      unmapped.push({ parameter: name, problem, isUnresolved: false });
      continue;
    }
    try {
      const read = readBySyntax(parameter, reader) ?? describer.describeParameter(parameter);
      parameters.push(toDescription(parameter, read));
    } catch (error) {
      if (!(error instanceof UnmappedType)) throw error;
      const { path, message, isUnresolved } = error;
      unmapped.push({ parameter: path, problem: message, isUnresolved });
    }
  }
  return unmapped.length > 0 ? unmapped : { parameters };
}

function isNamed(ts: Compiler, parameter: ts.ParameterDeclaration): boolean {
  return ts.isIdentifier(parameter.name) && !parameter.dotDotDotToken;
}

function readBySyntax(parameter: ts.ParameterDeclaration, reader: SyntaxReader): ReadType | undefined {
  if (parameter.type) return reader.readType(parameter.type);
  return parameter.initializer && reader.readInitializer(parameter.initializer);
}

function toDescription(parameter: ts.ParameterDeclaration, read: ReadType): ParameterDescription {
  const name = parameter.name.getText();
  if (read === "context") return { name, context: true };
  const property = toProperty(name, read, parameter.questionToken !== undefined);
  if (!parameter.initializer) return property;
  // A missing value never reaches the method: its initialiser takes over.
  return { name, type: property.type, initializer: true };
}
