// Reads TypeScript types as shapes, as values of them arrive after JSON: methods and functions are gone, what has
// a `toJSON` is what that returns, and dates and bigints are revived. A type that JSON leaves nothing of is
// `undefined`; one that cannot be told is `unknown`, and never `any`.

import type { ts } from "ts-morph";
import type { Definition, PropertyShape, Shape } from "../shape/shape.ts";
import { EMPTY_OBJECT, toUnion, withNull, withoutUndefined } from "../shape/unions.ts";
import { toPascalCase } from "../shape/words.ts";
import type { Compiler } from "./compiler.ts";

/** Deeper nesting is taken for a generic type that unfolds without end. */
const DEPTH_LIMIT = 24;

/** Bound on the object types of one result: some types of libraries lead to hundreds of others. */
const SIZE_LIMIT = 500;

/** Built-in objects of whose content JSON shows nothing. */
const EMPTY = new Set(
  "Map Set WeakMap WeakSet WeakRef RegExp Error Promise ArrayBuffer SharedArrayBuffer DataView ReadonlyMap ReadonlySet".split(
    " ",
  ),
);

/** Arrays of numbers that JSON shows as objects of numbers. */
const NUMBERS = new Set(
  "Int8Array Uint8Array Uint8ClampedArray Int16Array Uint16Array Int32Array Uint32Array Float32Array Float64Array".split(
    " ",
  ),
);

/** Reads types of one program, and collects the definitions that they need. */
export class JSONTypes {
  readonly definitions: Record<string, Definition> = {};
  readonly #ts: Compiler;
  readonly #program: ts.Program;
  readonly #checker: ts.TypeChecker;
  readonly #prefix: string;
  readonly #open = new Map<ts.Type, { id?: string }>();
  readonly #known = new Map<ts.Type, string>();
  #count = 0;
  #size = 0;
  #isUnresolved = false;

  /** @param prefix Begins the ids of definitions. */
  constructor(ts: Compiler, program: ts.Program, prefix: string) {
    this.#ts = ts;
    this.#program = program;
    this.#checker = program.getTypeChecker();
    this.#prefix = prefix;
  }

  /** Whether some type was `any`, which may be for want of files in this program. */
  get isUnresolved(): boolean {
    return this.#isUnresolved;
  }

  /** Reads a type as it is seen from `node`; `name` is for definitions whose type has none. */
  read(type: ts.Type, node: ts.Node, name: string): Shape {
    this.#size = 0;
    return this.#read(type, node, name);
  }

  /** Reads the result of a JSON endpoint: `blob` for bytes and streams of them, which are sent as they are. */
  readResult(type: ts.Type, node: ts.Node, name: string): Shape {
    const options = type.isUnion() && !(type.flags & this.#ts.TypeFlags.Boolean) ? type.types : [type];
    return toUnion(
      options.map((option): Shape => {
        if (this.#isBytes(option)) return { kind: "blob" };
        if (this.#isNamed(option, "FastifyReply")) return { kind: "unknown" };
        return this.read(option, node, name);
      }),
    );
  }

  #read(type: ts.Type, node: ts.Node, name: string): Shape {
    const simple = this.#readSimple(type);
    if (simple) return simple;
    if (type.isUnion()) return toUnion(type.types.map((option) => this.#read(option, node, name)));
    const brand = type.isIntersection() ? this.#readBrand(type) : undefined;
    if (brand) return brand;
    const known = this.#known.get(type);
    if (known !== undefined) return { kind: "ref", id: known };
    const open = this.#open.get(type);
    if (open) return { kind: "ref", id: (open.id ??= this.#newId()) };
    if (this.#open.size > DEPTH_LIMIT || ++this.#size > SIZE_LIMIT) return { kind: "unknown" };

    const entry: { id?: string } = {};
    this.#open.set(type, entry);
    const ownName = this.#nameOf(type);
    const shape = this.#readComposed(type, node, ownName ?? name);
    this.#open.delete(type);
    const deservesName = ownName !== undefined && shape.kind === "object" && shape.properties.length > 0;
    if (deservesName) entry.id ??= this.#newId();
    if (entry.id === undefined) return shape;
    this.#known.set(type, entry.id);
    this.definitions[entry.id] = { name: toPascalCase(ownName ?? name), shape };
    return { kind: "ref", id: entry.id };
  }

  #newId(): string {
    this.#count += 1;
    return `${this.#prefix}type${this.#count}`;
  }

  #readSimple(type: ts.Type): Shape | undefined {
    const { TypeFlags } = this.#ts;
    const { flags } = type;
    if (flags & TypeFlags.Any) this.#isUnresolved = true;
    if (flags & (TypeFlags.Any | TypeFlags.Unknown | TypeFlags.NonPrimitive)) return { kind: "unknown" };
    if (flags & TypeFlags.Never) return { kind: "never" };
    if (flags & (TypeFlags.Undefined | TypeFlags.Void | TypeFlags.ESSymbolLike)) return { kind: "undefined" };
    if (flags & TypeFlags.Null) return { kind: "null" };
    if (flags & TypeFlags.Boolean) return { kind: "boolean" };
    if (type.isStringLiteral() || type.isNumberLiteral()) return { kind: "literal", value: type.value };
    if (flags & TypeFlags.BooleanLiteral) {
      return { kind: "literal", value: this.#checker.typeToString(type) === "true" };
    }
    if (flags & TypeFlags.BigIntLiteral) {
      const { negative, base10Value } = (type as ts.BigIntLiteralType).value;
      return { kind: "literal", value: BigInt(`${negative ? "-" : ""}${base10Value}`) };
    }
    if (flags & TypeFlags.TemplateLiteral) return this.#readTemplate(type);
    if (flags & (TypeFlags.String | TypeFlags.StringMapping)) return { kind: "string" };
    if (flags & (TypeFlags.Number | TypeFlags.Enum)) return { kind: "number" };
    return flags & TypeFlags.BigInt ? { kind: "bigint" } : undefined;
  }

  #readTemplate(type: ts.Type): Shape {
    const text = this.#checker.typeToString(type, undefined, this.#ts.TypeFormatFlags.NoTruncation);
    const holes = [...text.matchAll(/\$\{([^}]*)\}/g)].map(([, hole = ""]) => hole);
    const isPlain =
      /^`.*`$/s.test(text) && holes.every((hole) => /^(?:string|number|bigint|boolean)$/.test(hole));
    return isPlain ? { kind: "template", text: text.slice(1, -1) } : { kind: "string" };
  }

  /** `string & { __brand: "UserId" }` is a string: no primitive has such properties when it runs. */
  #readBrand(type: ts.IntersectionType): Shape | undefined {
    return type.types
      .map((member) => this.#readSimple(member))
      .find((shape) => shape && shape.kind !== "unknown");
  }

  #readComposed(type: ts.Type, node: ts.Node, name: string): Shape {
    const checker = this.#checker;
    if (!(type.flags & (this.#ts.TypeFlags.Object | this.#ts.TypeFlags.Intersection))) {
      const bound = checker.getBaseConstraintOfType(type);
      return bound && bound !== type ? this.#read(bound, node, name) : { kind: "unknown" };
    }
    if (type.getCallSignatures().length > 0 || type.getConstructSignatures().length > 0) {
      return { kind: "undefined" };
    }
    if (this.#isGlobal(type, (global) => global === "Function")) return { kind: "undefined" };
    if (this.#isGlobal(type, (global) => global === "Date")) return { kind: "date" };
    const toJSON = this.#signatureOf(type, "toJSON", node);
    if (toJSON) return this.#read(toJSON.getReturnType(), node, name);
    if (this.#isGlobal(type, (global) => EMPTY.has(global))) return EMPTY_OBJECT;
    if (this.#isGlobal(type, (global) => NUMBERS.has(global))) {
      return { kind: "object", properties: [], rest: { kind: "number" } };
    }
    if (checker.isTupleType(type)) return this.#readTuple(type as ts.TupleTypeReference, node, name);
    if (checker.isArrayType(type)) {
      const [item] = checker.getTypeArguments(type as ts.TypeReference);
      return { kind: "array", of: item ? withNull(this.#read(item, node, name)) : { kind: "unknown" } };
    }
    return this.#readObject(type, node, name);
  }

  #readTuple(type: ts.TupleTypeReference, node: ts.Node, name: string): Shape {
    const { ElementFlags } = this.#ts;
    const shapes = this.#checker.getTypeArguments(type).map((item) => this.#read(item, node, name));
    const flags = type.target.elementFlags;
    const isPlain = flags.every((flag, index) =>
      flag & ElementFlags.Rest
        ? index === flags.length - 1
        : flag & (ElementFlags.Required | ElementFlags.Optional),
    );
    if (!isPlain) return { kind: "array", of: withNull(toUnion(shapes)) };
    const hasRest = ((flags.at(-1) ?? 0) & ElementFlags.Rest) !== 0;
    const rest = hasRest ? shapes.pop() : undefined;
    return {
      kind: "tuple",
      items: shapes.map((shape, index) =>
        (flags[index] ?? 0) & ElementFlags.Optional
          ? { shape: withoutUndefined(shape).shape, optional: true as const }
          : { shape: withNull(shape) },
      ),
      ...(rest ? { rest: withNull(rest) } : {}),
    };
  }

  #readObject(type: ts.Type, node: ts.Node, name: string): Shape {
    const indexes = this.#checker.getIndexInfosOfType(type);
    const { TypeFlags } = this.#ts;
    const index =
      indexes.find(({ keyType }) => keyType.flags & TypeFlags.String) ??
      indexes.find(({ keyType }) => !(keyType.flags & TypeFlags.ESSymbolLike));
    const rest = index && withoutUndefined(this.#read(index.type, node, name)).shape;
    const properties = this.#checker
      .getPropertiesOfType(type)
      .flatMap((symbol) => (this.#isSent(symbol) ? this.#readProperty(symbol, node, name) : []));
    return { kind: "object", properties, ...(rest && rest.kind !== "never" ? { rest } : {}) };
  }

  #readProperty(symbol: ts.Symbol, node: ts.Node, owner: string): PropertyShape[] {
    const name = symbol.getName();
    const type = this.#checker.getTypeOfSymbolAtLocation(symbol, node);
    const { shape, optional } = withoutUndefined(this.#read(type, node, owner + toPascalCase(name)));
    // Nothing is left of a function.
    if (optional && shape.kind === "never") return [];
    const isOptional = optional || (symbol.flags & this.#ts.SymbolFlags.Optional) !== 0;
    return [{ name, shape, ...(isOptional ? { optional: true } : {}) }];
  }

  /** Tells whether a property is one of the object's own that its users may know. */
  #isSent(symbol: ts.Symbol): boolean {
    const ts = this.#ts;
    // Of a private name `getName` gives what the source has, and not what tells it from a property's.
    if (/^__[@#]/.test(String(symbol.escapedName))) return false;
    if (symbol.flags & (ts.SymbolFlags.Method | ts.SymbolFlags.Prototype)) return false;
    return (symbol.declarations ?? []).every((declaration) => {
      const hidden = ts.ModifierFlags.Private | ts.ModifierFlags.Protected;
      if (ts.getCombinedModifierFlags(declaration) & hidden) return false;
      // Accessors of a class stand on its prototype, where JSON does not look.
      if (ts.isAccessor(declaration) && ts.isClassLike(declaration.parent)) return false;
      const isOfError =
        ts.isInterfaceDeclaration(declaration.parent) && declaration.parent.name.text === "Error";
      return !isOfError || !this.#program.isSourceFileDefaultLibrary(declaration.getSourceFile());
    });
  }

  #signatureOf(type: ts.Type, name: string, node: ts.Node): ts.Signature | undefined {
    const symbol = this.#checker.getPropertyOfType(type, name);
    return symbol && this.#checker.getTypeOfSymbolAtLocation(symbol, node).getCallSignatures()[0];
  }

  /** Gives the name that the project itself has for an object type, where that stands for this one type alone. */
  #nameOf(type: ts.Type): string | undefined {
    const { aliasSymbol, aliasTypeArguments } = type;
    const { SymbolFlags } = this.#ts;
    if (aliasSymbol)
      return aliasTypeArguments?.length || !this.#isOwn(aliasSymbol) ? undefined : aliasSymbol.getName();
    const symbol = type.getSymbol();
    if (!symbol || !(symbol.flags & (SymbolFlags.Interface | SymbolFlags.Class)) || !this.#isOwn(symbol))
      return undefined;
    const parameters = (type as ts.TypeReference).target?.typeParameters ?? [];
    const name = symbol.getName();
    return parameters.length > 0 || name.startsWith("__") || name === "default" ? undefined : name;
  }

  #isOwn(symbol: ts.Symbol): boolean {
    return (symbol.declarations ?? []).every((declaration) => {
      const source = declaration.getSourceFile();
      return !source.fileName.includes("/node_modules/") && !this.#program.isSourceFileDefaultLibrary(source);
    });
  }

  #isGlobal(type: ts.Type, test: (name: string) => boolean): boolean {
    const symbol = type.getSymbol();
    if (!symbol || !test(symbol.getName())) return false;
    return (symbol.declarations ?? []).some((declaration) => {
      const source = declaration.getSourceFile();
      return this.#program.isSourceFileDefaultLibrary(source) || source.fileName.includes("/@types/node/");
    });
  }

  #isBytes(type: ts.Type): boolean {
    return (
      this.#isNamed(type, "Uint8Array") || this.#isNamed(type, "Buffer") || this.#isNamed(type, "Readable")
    );
  }

  /** Tells whether a type is the library's of that name, or extends it. */
  #isNamed(type: ts.Type, name: string): boolean {
    const symbol = type.getSymbol();
    if (symbol?.getName() === name && !this.#isOwn(symbol)) return true;
    const bases = type.isClassOrInterface()
      ? type.getBaseTypes()
      : (type as ts.TypeReference).target?.getBaseTypes();
    return (bases ?? []).some((base) => this.#isNamed(base, name));
  }
}
