// The fast way to a type: from the text of one file alone, without a program or a type checker. It answers
// only where the text cannot mean anything else, and leaves everything else to the checker.

import type { ts } from "ts-morph";
import type { TypeDescription } from "../params/types.ts";
import type { Compiler } from "./compiler.ts";
import { joinTypes, toProperty } from "./join-types.ts";

/** What a type annotation or an initialiser says: the context, or a value's type. */
export type ReadType = "context" | TypeDescription;

/** The package whose `Context` is injected. */
const PACKAGE = "pinestream";

/** Reads types from the syntax tree of one file. */
export class SyntaxReader {
  readonly #ts: Compiler;
  /** Names that the file declares for types, anywhere in it: none of them is the global of that name. */
  readonly #declared = new Set<string>();
  /** Type aliases at the top of the file, by name, that nothing else in the file shares its name with. */
  readonly #aliases = new Map<string, ts.TypeNode>();
  /** Local names of the package's `Context`. */
  readonly #contexts = new Set<string>();
  readonly #open = new Set<ts.TypeNode>();
  /** Local names of the package as a namespace. */
  readonly #namespaces = new Set<string>();

  constructor(ts: Compiler, file: ts.SourceFile) {
    this.#ts = ts;
    this.#collectNames(file);
    for (const statement of file.statements)
      if (ts.isImportDeclaration(statement)) this.#readImport(statement);
    this.#collectAliases(file);
    for (const names of [this.#contexts, this.#namespaces]) {
      for (const name of names) if (this.#declared.has(name)) names.delete(name);
    }
  }

  /** Reads a type annotation; `undefined` where only the checker can tell. */
  readType(node: ts.TypeNode): ReadType | undefined {
    return this.#isContext(node) ? "context" : this.#read(node);
  }

  /** Reads the type of an initialiser that stands without an annotation. */
  readInitializer(node: ts.Expression): TypeDescription | undefined {
    const ts = this.#ts;
    const isNegative = ts.isPrefixUnaryExpression(node) && node.operator === ts.SyntaxKind.MinusToken;
    const value = isNegative ? node.operand : node;
    if (ts.isNumericLiteral(value)) return { kind: "number" };
    if (ts.isBigIntLiteral(value)) return { kind: "bigint" };
    if (isNegative) return undefined;
    if (ts.isStringLiteral(node) || ts.isTemplateLiteral(node)) return { kind: "string" };
    if (node.kind === ts.SyntaxKind.TrueKeyword || node.kind === ts.SyntaxKind.FalseKeyword) {
      return { kind: "boolean" };
    }
    return ts.isNewExpression(node) && this.#isGlobal(node.expression, "Date") ? { kind: "date" } : undefined;
  }

  #read(node: ts.TypeNode): TypeDescription | undefined {
    const ts = this.#ts;
    switch (node.kind) {
      case ts.SyntaxKind.StringKeyword:
        return { kind: "string" };
      case ts.SyntaxKind.NumberKeyword:
        return { kind: "number" };
      case ts.SyntaxKind.BooleanKeyword:
        return { kind: "boolean" };
      case ts.SyntaxKind.BigIntKeyword:
        return { kind: "bigint" };
      case ts.SyntaxKind.UnknownKeyword:
        return { kind: "unknown" };
      case ts.SyntaxKind.UndefinedKeyword:
        return { kind: "undefined" };
    }
    if (ts.isParenthesizedTypeNode(node)) return this.#read(node.type);
    if (ts.isLiteralTypeNode(node)) return this.#readLiteral(node.literal);
    if (ts.isArrayTypeNode(node)) return this.#readArray(node.elementType);
    if (ts.isTypeOperatorNode(node)) {
      const isReadonlyArray =
        node.operator === ts.SyntaxKind.ReadonlyKeyword && ts.isArrayTypeNode(node.type);
      return isReadonlyArray ? this.#read(node.type) : undefined;
    }
    if (ts.isUnionTypeNode(node)) {
      const members = this.#readAll(node.types);
      return members && joinTypes(members);
    }
    if (ts.isTypeLiteralNode(node)) return this.#readObject(node);
    return ts.isTypeReferenceNode(node) ? this.#readReference(node) : undefined;
  }

  #readAll(nodes: readonly ts.TypeNode[]): TypeDescription[] | undefined {
    const types = nodes.map((node) => this.#read(node));
    return types.every((type) => type !== undefined) ? types : undefined;
  }

  #readArray(element: ts.TypeNode): TypeDescription | undefined {
    const of = this.#read(element);
    return of && { kind: "array", of };
  }

  #readLiteral(literal: ts.LiteralTypeNode["literal"]): TypeDescription | undefined {
    const ts = this.#ts;
    if (literal.kind === ts.SyntaxKind.NullKeyword) return { kind: "null" };
    if (literal.kind === ts.SyntaxKind.TrueKeyword) return { kind: "literal", values: [true] };
    if (literal.kind === ts.SyntaxKind.FalseKeyword) return { kind: "literal", values: [false] };
    if (ts.isStringLiteral(literal)) return { kind: "literal", values: [literal.text] };
    if (ts.isNumericLiteral(literal)) return { kind: "literal", values: [Number(literal.text)] };
    return undefined;
  }

  #readObject(node: ts.TypeLiteralNode): TypeDescription | undefined {
    const ts = this.#ts;
    const properties = node.members.map((member) => {
      if (!ts.isPropertySignature(member) || !member.type) return undefined;
      const isPlain = ts.isIdentifier(member.name) || ts.isStringLiteral(member.name);
      const type = isPlain ? this.#read(member.type) : undefined;
      return (
        type && toProperty((member.name as ts.Identifier).text, type, member.questionToken !== undefined)
      );
    });
    if (properties.length === 0 || !properties.every((property) => property !== undefined)) return undefined;
    return { kind: "object", properties };
  }

  #readReference(node: ts.TypeReferenceNode): TypeDescription | undefined {
    const ts = this.#ts;
    const [first, second] = node.typeArguments ?? [];
    const alias =
      ts.isIdentifier(node.typeName) && !first ? this.#aliases.get(node.typeName.text) : undefined;
    if (alias) return this.#readAlias(alias);
    if (this.#isGlobal(node.typeName, "Date") && !first) return { kind: "date" };
    const isArray = this.#isGlobal(node.typeName, "Array") || this.#isGlobal(node.typeName, "ReadonlyArray");
    if (isArray && first) return this.#readArray(first);
    if (this.#isGlobal(node.typeName, "Record") && first?.kind === ts.SyntaxKind.StringKeyword && second) {
      const of = this.#read(second);
      return of && { kind: "record", of };
    }
    return undefined;
  }

  /** Reads what an alias stands for; one that refers to itself is the checker's to refuse. */
  #readAlias(alias: ts.TypeNode): TypeDescription | undefined {
    if (this.#open.has(alias)) return undefined;
    this.#open.add(alias);
    try {
      return this.#read(alias);
    } finally {
      this.#open.delete(alias);
    }
  }

  #isGlobal(node: ts.Node, name: string): boolean {
    return this.#ts.isIdentifier(node) && node.text === name && !this.#declared.has(name);
  }

  #isContext(node: ts.TypeNode): boolean {
    const ts = this.#ts;
    if (!ts.isTypeReferenceNode(node)) return false;
    const { typeName } = node;
    if (ts.isIdentifier(typeName)) return this.#contexts.has(typeName.text);
    return (
      ts.isIdentifier(typeName.left) &&
      this.#namespaces.has(typeName.left.text) &&
      typeName.right.text === "Context"
    );
  }

  #readImport({ importClause, moduleSpecifier }: ts.ImportDeclaration): void {
    const ts = this.#ts;
    const isOurs = ts.isStringLiteral(moduleSpecifier) && moduleSpecifier.text === PACKAGE;
    if (importClause?.name) this.#declared.add(importClause.name.text);
    const bindings = importClause?.namedBindings;
    if (!bindings) return;
    if (ts.isNamespaceImport(bindings)) {
      (isOurs ? this.#namespaces : this.#declared).add(bindings.name.text);
      return;
    }
    for (const { name, propertyName } of bindings.elements) {
      const isContext = isOurs && (propertyName ?? name).text === "Context";
      (isContext ? this.#contexts : this.#declared).add(name.text);
    }
  }

  #collectAliases(file: ts.SourceFile): void {
    const ts = this.#ts;
    const counts = new Map<string, number>();
    const count = (node: ts.Node): void => {
      const isType =
        ts.isTypeAliasDeclaration(node) ||
        ts.isInterfaceDeclaration(node) ||
        ts.isClassLike(node) ||
        ts.isEnumDeclaration(node) ||
        ts.isTypeParameterDeclaration(node) ||
        ts.isModuleDeclaration(node) ||
        ts.isImportSpecifier(node) ||
        ts.isImportClause(node) ||
        ts.isImportEqualsDeclaration(node);
      if (isType && node.name) counts.set(node.name.text, (counts.get(node.name.text) ?? 0) + 1);
      ts.forEachChild(node, count);
    };
    count(file);
    for (const statement of file.statements) {
      if (!ts.isTypeAliasDeclaration(statement) || statement.typeParameters) continue;
      if (counts.get(statement.name.text) === 1) this.#aliases.set(statement.name.text, statement.type);
    }
  }

  /** Scope is left out on purpose: a name that is declared anywhere in the file counts as not the global one. */
  #collectNames(node: ts.Node): void {
    const ts = this.#ts;
    const names = this.#declared;
    if (
      ts.isClassLike(node) ||
      ts.isInterfaceDeclaration(node) ||
      ts.isTypeAliasDeclaration(node) ||
      ts.isEnumDeclaration(node) ||
      ts.isModuleDeclaration(node) ||
      ts.isTypeParameterDeclaration(node) ||
      ts.isImportEqualsDeclaration(node) ||
      ts.isVariableDeclaration(node) ||
      ts.isFunctionDeclaration(node)
    ) {
      if (node.name && ts.isIdentifier(node.name)) names.add(node.name.text);
    }
    ts.forEachChild(node, (child) => this.#collectNames(child));
  }
}
