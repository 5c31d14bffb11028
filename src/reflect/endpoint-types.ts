// Finds the types of endpoints by what their modules export: of a method's result, and of the schemas that its
// decorators were given.

import type { ts } from "ts-morph";
import type { Definition, Shape } from "../shape/shape.ts";
import type { CompilerPackage } from "./compiler.ts";
import { listAllDependencies } from "./dependencies.ts";
import { JSONTypes } from "./json-types.ts";
import { createProgram, readSettings } from "./program.ts";

/** A class, or an instance of one, as a module exports it. */
export interface ExportedModel {
  file: string;
  exportName: string;
  isInstance: boolean;
}

/** The types of the models of some files with one tsconfig. */
export class EndpointTypes {
  /** Files that the types may depend on. */
  readonly dependencies: readonly string[];
  readonly #compiler: CompilerPackage["ts"];
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #types: JSONTypes;

  /**
   * `prefix` begins the ids of definitions. A `lean` program leaves out packages that this one imports, which takes
   * a fraction of the time; `isUnresolved` then tells whether they are needed.
   */
  constructor(
    compiler: CompilerPackage,
    files: readonly string[],
    { prefix, lean }: { prefix: string; lean: boolean },
  ) {
    const { options: compilerOptions, configFiles } = readSettings(compiler.ts, files[0] ?? "");
    this.#compiler = compiler.ts;
    this.#program = createProgram(compiler, { files, compilerOptions, lean });
    this.#checker = this.#program.getTypeChecker();
    this.#types = new JSONTypes(compiler.ts, this.#program, prefix);
    this.dependencies = [...listAllDependencies(this.#program), ...configFiles];
  }

  /** The definitions that the shapes given so far refer to. */
  get definitions(): Readonly<Record<string, Definition>> {
    return this.#types.definitions;
  }

  /** Whether a program with more files may have told more. */
  get isUnresolved(): boolean {
    return this.#types.isUnresolved;
  }

  /** Tells whether a model is an abstract class, which never runs by itself. */
  isAbstract(model: ExportedModel): boolean {
    const { ModifierFlags, getCombinedModifierFlags, isClassLike } = this.#compiler;
    const declaration = this.#find(model)?.type.getSymbol()?.valueDeclaration;
    if (!declaration || !isClassLike(declaration)) return false;
    return (getCombinedModifierFlags(declaration) & ModifierFlags.Abstract) !== 0;
  }

  /** Reads what a method's promise resolves to; `undefined` where there is no such method. */
  readResult(model: ExportedModel, methodName: string, name: string): Shape | undefined {
    const found = this.#findMethod(model, methodName);
    const signature = found?.type.getCallSignatures().at(-1);
    if (!found || !signature) return undefined;
    const returned = signature.getReturnType();
    const result = this.#checker.getAwaitedType(returned) ?? returned;
    return this.#types.readResult(result, found.node, name);
  }

  /** Reads the type of a schema in the options of a method's decorators; `undefined` where there is none. */
  readOption(
    model: ExportedModel,
    methodName: string,
    option: { key: "events" | "params"; side: "input" | "output"; name: string },
  ): Shape | undefined {
    const found = this.#findMethod(model, methodName);
    for (const declaration of found?.symbol.declarations ?? []) {
      if (!this.#compiler.canHaveDecorators(declaration)) continue;
      for (const { expression } of this.#compiler.getDecorators(declaration) ?? []) {
        const argument = this.#compiler.isCallExpression(expression) ? expression.arguments[0] : undefined;
        let type = argument && this.#checker.getTypeAtLocation(argument);
        for (const key of [option.key, "_zod", option.side]) {
          const property: ts.Symbol | undefined = type && this.#checker.getPropertyOfType(type, key);
          type = property && this.#checker.getTypeOfSymbolAtLocation(property, declaration);
        }
        if (type) return this.#types.read(type, declaration, option.name);
      }
    }
    return undefined;
  }

  #findMethod(
    model: ExportedModel,
    methodName: string,
  ): { symbol: ts.Symbol; type: ts.Type; node: ts.Node } | undefined {
    const found = this.#find(model);
    const symbol = found && this.#checker.getPropertyOfType(found.type, methodName);
    if (!symbol) return undefined;
    return { symbol, type: this.#checker.getTypeOfSymbolAtLocation(symbol, found.node), node: found.node };
  }

  /** Gives the type of the model's instances. */
  #find({ file, exportName, isInstance }: ExportedModel): { type: ts.Type; node: ts.Node } | undefined {
    const source = this.#program.getSourceFile(file);
    const module = source && this.#checker.getSymbolAtLocation(source);
    if (!source || !module) return undefined;
    const symbol = this.#checker.getExportsOfModule(module).find((each) => each.getName() === exportName);
    if (!symbol) return undefined;
    const type = this.#checker.getTypeOfSymbolAtLocation(
      symbol.flags & this.#compiler.SymbolFlags.Alias ? this.#checker.getAliasedSymbol(symbol) : symbol,
      source,
    );
    if (isInstance) return { type, node: source };
    const prototype = this.#checker.getPropertyOfType(type, "prototype");
    const instance =
      type.getConstructSignatures()[0]?.getReturnType() ??
      (prototype && this.#checker.getTypeOfSymbolAtLocation(prototype, source));
    return instance && { type: instance, node: source };
  }
}
