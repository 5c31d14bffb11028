// The thorough way to a type: the type checker resolves aliases, imports, generics and inference, and what
// comes out is walked here. Every kind of type is either mapped or refused by name; there is no default.

import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import type { ts } from "ts-morph";
import type { PropertyDescription, TypeDescription } from "../params/types.ts";
import type { Compiler } from "./compiler.ts";
import { joinTypes, toProperty } from "./join-types.ts";
import type { ReadType } from "./syntax-types.ts";

/** A type, or a part of it, that no request can carry. */
export class UnmappedType extends Error {
  /** From the parameter to the part, as in `filter.since[]`. */
  readonly path: string;
  /** Whether the type may only be unknown because this program does not have all files. */
  readonly isUnresolved: boolean;

  constructor(path: string, problem: string, isUnresolved = false) {
    super(problem);
    this.path = path;
    this.isUnresolved = isUnresolved;
  }
}

/** Deeper nesting is taken for a generic type that unfolds without end. */
const DEPTH_LIMIT = 24;

const PARAMS_ADVICE = "Use a type that JSON can carry, or give the method a `params` option.";

/** Describes types of one program. */
export class TypeDescriber {
  readonly #ts: Compiler;
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #open = new Set<ts.Type>();

  constructor(ts: Compiler, program: ts.Program) {
    this.#ts = ts;
    this.#program = program;
    this.#checker = program.getTypeChecker();
  }

  /**
   * Describes the type of a parameter.
   *
   * @throws UnmappedType naming the part that cannot be mapped.
   */
  describeParameter(parameter: ts.ParameterDeclaration): ReadType {
    const type = this.#checker.getTypeAtLocation(parameter);
    if (this.#isContext(this.#checker.getNonNullableType(type))) return "context";
    return this.#describe(type, parameter, parameter.name.getText());
  }

  #describe(type: ts.Type, node: ts.Node, path: string): TypeDescription {
    if (this.#open.has(type)) {
      throw new UnmappedType(path, `the type ${this.#print(type)} contains itself. ${PARAMS_ADVICE}`);
    }
    if (this.#open.size > DEPTH_LIMIT) {
      throw new UnmappedType(path, `the type ${this.#print(type)} is nested too deeply. ${PARAMS_ADVICE}`);
    }
    this.#open.add(type);
    try {
      return this.#describeSimple(type) ?? this.#describeComposed(type, node, path);
    } finally {
      this.#open.delete(type);
    }
  }

  #describeSimple(type: ts.Type): TypeDescription | undefined {
    const { TypeFlags } = this.#ts;
    const { flags } = type;
    if (flags & TypeFlags.String) return { kind: "string" };
    if (flags & TypeFlags.Number) return { kind: "number" };
    if (flags & TypeFlags.Boolean) return { kind: "boolean" };
    if (flags & TypeFlags.BigInt) return { kind: "bigint" };
    if (flags & TypeFlags.Null) return { kind: "null" };
    if (flags & TypeFlags.Undefined) return { kind: "undefined" };
    if (flags & TypeFlags.Unknown) return { kind: "unknown" };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { kind: "literal", values: [type.value] };
    if (flags & TypeFlags.BooleanLiteral) {
      return { kind: "literal", values: [this.#checker.typeToString(type) === "true"] };
    }
    return undefined;
  }

  #describeComposed(type: ts.Type, node: ts.Node, path: string): TypeDescription {
    if (type.isUnion()) return joinTypes(type.types.map((member) => this.#describe(member, node, path)));
    if (type.isIntersection()) {
      const brand = this.#describeBrand(type);
      if (brand) return brand;
    } else if (!(type.flags & this.#ts.TypeFlags.Object)) {
      throw this.#refuse(type, path);
    }
    if (this.#isGlobal(type, "Date")) return { kind: "date" };
    if (this.#checker.isTupleType(type))
      return this.#describeTuple(type as ts.TupleTypeReference, node, path);
    if (this.#checker.isArrayType(type)) {
      const [element] = this.#checker.getTypeArguments(type as ts.TypeReference);
      if (element) return { kind: "array", of: this.#describe(element, node, `${path}[]`) };
    }
    return this.#describeObject(type, node, path);
  }

  /** `string & { __brand: "UserId" }` is a string: no primitive has such properties when it runs. */
  #describeBrand(type: ts.IntersectionType): TypeDescription | undefined {
    const primitives = type.types.map((member) => this.#describeSimple(member)).filter((each) => each);
    return primitives.length === 1 ? primitives[0] : undefined;
  }

  #describeTuple(type: ts.TupleTypeReference, node: ts.Node, path: string): TypeDescription {
    const isPlain = type.target.elementFlags.every((flag) => flag & this.#ts.ElementFlags.Required);
    const items = this.#checker.getTypeArguments(type);
    if (!isPlain || items.length === 0) throw this.#refuse(type, path);
    return {
      kind: "tuple",
      items: items.map((item, index) => this.#describe(item, node, `${path}[${index}]`)),
    };
  }

  #describeObject(type: ts.Type, node: ts.Node, path: string): TypeDescription {
    const isCallable = type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0;
    if (isCallable || this.#isInstance(type)) throw this.#refuse(type, path);
    const indexes = this.#checker.getIndexInfosOfType(type);
    const [index] = indexes;
    const symbols = this.#checker.getPropertiesOfType(type);
    if (indexes.length > 1 || (index && !(index.keyType.flags & this.#ts.TypeFlags.String))) {
      throw this.#refuse(type, path);
    }
    if (index && index.type.flags & this.#ts.TypeFlags.Never && symbols.length === 0) {
      return { kind: "object", properties: [] };
    }
    const rest = index && this.#describe(index.type, node, `${path}[…]`);
    if (rest && symbols.length === 0) return { kind: "record", of: rest };
    if (symbols.length === 0) throw this.#refuse(type, path);
    const properties = symbols.map((symbol) => this.#describeProperty(symbol, node, path));
    return { kind: "object", properties, ...(rest ? { rest } : {}) };
  }

  #describeProperty(symbol: ts.Symbol, node: ts.Node, path: string): PropertyDescription {
    const name = symbol.getName();
    const inside = `${path}.${name}`;
    if (name.startsWith("__@") || symbol.flags & this.#ts.SymbolFlags.Method) {
      throw new UnmappedType(inside, `is a method or has a symbol for its name. ${PARAMS_ADVICE}`);
    }
    const optional = (symbol.flags & this.#ts.SymbolFlags.Optional) !== 0;
    const type = this.#checker.getTypeOfSymbolAtLocation(symbol, node);
    return toProperty(name, this.#describe(type, node, inside), optional);
  }

  #refuse(type: ts.Type, path: string): UnmappedType {
    const { TypeFlags } = this.#ts;
    if (type.flags & TypeFlags.Any) {
      const isError = (type as { intrinsicName?: string }).intrinsicName === "error";
      const problem = isError
        ? "its type cannot be resolved. Check that its import or declaration exists."
        : `has the type any. Declare its type. ${PARAMS_ADVICE}`;
      return new UnmappedType(path, problem, true);
    }
    const text = this.#print(type);
    if (type.flags & TypeFlags.TypeParameter) {
      return new UnmappedType(
        path,
        `has the type parameter ${text} for its type. Declare it with a concrete type, or give the method a \`params\` option.`,
      );
    }
    return new UnmappedType(
      path,
      `has the type ${text}, which cannot be read from a request. ${PARAMS_ADVICE}`,
    );
  }

  #print(type: ts.Type): string {
    return this.#checker.typeToString(type);
  }

  /** Instances have prototypes and private state; what JSON gives is a plain object. */
  #isInstance(type: ts.Type): boolean {
    const symbol = type.getSymbol();
    if (!symbol) return false;
    const { SymbolFlags } = this.#ts;
    if (symbol.flags & (SymbolFlags.Class | SymbolFlags.Enum | SymbolFlags.ValueModule)) return true;
    // Map, URL, Uint8Array, Buffer and their like: interfaces with a global constructor of the same name.
    const isConstructible = symbol.flags & (SymbolFlags.FunctionScopedVariable | SymbolFlags.Function);
    return (symbol.flags & SymbolFlags.Interface) !== 0 && isConstructible !== 0;
  }

  #isGlobal(type: ts.Type, name: string): boolean {
    const symbol = type.getSymbol();
    if (symbol?.getName() !== name) return false;
    return (symbol.declarations ?? []).some((declaration) =>
      this.#program.isSourceFileDefaultLibrary(declaration.getSourceFile()),
    );
  }

  #isContext(type: ts.Type): boolean {
    if (type.isIntersection() && type.types.some((member) => this.#isContext(member))) return true;
    return [type.aliasSymbol, type.getSymbol()].some(
      (symbol) =>
        (symbol?.getName() === "Context" || symbol?.getName() === "BaseContext") &&
        symbol.declarations?.some((declaration) => isContextFile(declaration.getSourceFile().fileName)),
    );
  }
}

/** Tells whether a file is the one in which this package declares its context, in any copy of the package. */
function isContextFile(file: string): boolean {
  const match = /^(.*)\/(?:src|dist)\/runtime\/context(?:\.d)?\.ts$/.exec(file);
  const manifest = match?.[1] === undefined ? undefined : join(match[1], "package.json");
  if (manifest === undefined || !existsSync(manifest)) return false;
  return (JSON.parse(readFileSync(manifest, "utf8")) as { name?: string }).name === "pinestream";
}
