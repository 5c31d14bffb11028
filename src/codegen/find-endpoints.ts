// Finds decorated methods by syntax: `@stream` and `@api` as imported from pinestream, under whatever name,
// in the classes of the given files and in the classes that those extend.

import { dirname } from "node:path";
import type { ts } from "ts-morph";
import type { Compiler } from "../reflect/compiler.ts";
import type { DescriptionRequest } from "../reflect/describe-methods.ts";
import { classNameOf, nameOf, parametersOf } from "../reflect/find-methods.ts";
import { readSettings } from "../reflect/program.ts";

/** An endpoint as its source declares it. */
export interface FoundEndpoint extends DescriptionRequest {
  /** Where its class stands; the method itself may be inherited from one in another file. */
  classFile: string;
  /** Whether a `params` option tells its parameters; `maybe` where the options cannot be read by syntax. */
  hasParams: boolean | "maybe";
}

const DECORATORS = new Set(["stream", "api"]);
const PACKAGE = "pinestream";

/** Finds the endpoints of all named classes in some files, inherited ones under each class that has them. */
export function findEndpoints(ts: Compiler, files: readonly string[]): FoundEndpoint[] {
  return new EndpointFinder(ts).find(files);
}

interface ClassPlace {
  node: ts.ClassLikeDeclaration;
  file: string;
}

class EndpointFinder {
  readonly #ts: Compiler;
  readonly #sources = new Map<string, ts.SourceFile>();
  readonly #options = new Map<string, ts.CompilerOptions>();

  constructor(ts: Compiler) {
    this.#ts = ts;
  }

  find(files: readonly string[]): FoundEndpoint[] {
    return files.flatMap((file) =>
      this.#classes(this.#source(file)).flatMap((node) => {
        // An abstract class never runs by itself, and its type parameters may be open.
        if (node.modifiers?.some((each) => each.kind === this.#ts.SyntaxKind.AbstractKeyword)) return [];
        const className = classNameOf(this.#ts, node);
        return className === undefined ? [] : this.#endpointsOf(className, { node, file });
      }),
    );
  }

  #endpointsOf(className: string, start: ClassPlace): FoundEndpoint[] {
    const found = new Map<string, FoundEndpoint>();
    const seen = new Set<ts.Node>();
    let place: ClassPlace | undefined = start;
    while (place && !seen.has(place.node)) {
      seen.add(place.node);
      for (const member of place.node.members) {
        const endpoint = this.#toEndpoint({ className, classFile: start.file }, member, place.file);
        if (endpoint && !found.has(endpoint.methodName)) found.set(endpoint.methodName, endpoint);
      }
      place = this.#baseOf(place);
    }
    return [...found.values()];
  }

  #toEndpoint(
    owner: { className: string; classFile: string },
    member: ts.ClassElement,
    file: string,
  ): FoundEndpoint | undefined {
    const ts = this.#ts;
    if (!ts.isMethodDeclaration(member) || !member.body) return undefined;
    const source = this.#source(file);
    const calls = (ts.getDecorators(member) ?? []).flatMap(({ expression }) =>
      ts.isCallExpression(expression) && this.#isOurs(source, expression.expression) ? [expression] : [],
    );
    const methodName = nameOf(ts, member);
    if (calls.length === 0 || methodName === undefined) return undefined;
    const parameters = parametersOf(ts, member);
    const firstOpen = parameters.findIndex((each) => each.initializer || each.dotDotDotToken);
    const given = new Set(calls.map((call) => this.#hasParams(call)));
    return {
      file,
      line: source.getLineAndCharacterOfPosition(member.getStart(source)).line + 1,
      ...owner,
      methodName,
      length: firstOpen < 0 ? parameters.length : firstOpen,
      hasParams: given.has(true) || (given.has("maybe") && "maybe"),
    };
  }

  #hasParams({ arguments: [options] }: ts.CallExpression): boolean | "maybe" {
    const ts = this.#ts;
    if (!options) return false;
    if (!ts.isObjectLiteralExpression(options)) return "maybe";
    if (options.properties.some((each) => each.name && each.name.getText() === "params")) return true;
    return options.properties.some((each) => ts.isSpreadAssignment(each)) ? "maybe" : false;
  }

  /** Tells whether an expression is one of our decorators, by the file's imports. */
  #isOurs(source: ts.SourceFile, expression: ts.Expression): boolean {
    const ts = this.#ts;
    const isMember = ts.isPropertyAccessExpression(expression) && ts.isIdentifier(expression.expression);
    const local = isMember ? expression.expression : expression;
    if (!ts.isIdentifier(local)) return false;
    const imported = this.#imported(source, local.text);
    if (imported?.module !== PACKAGE) return false;
    return isMember
      ? imported.name === "*" && DECORATORS.has(expression.name.text)
      : DECORATORS.has(imported.name);
  }

  #imported(source: ts.SourceFile, local: string): { module: string; name: string } | undefined {
    const ts = this.#ts;
    for (const statement of source.statements) {
      if (!ts.isImportDeclaration(statement) || !ts.isStringLiteral(statement.moduleSpecifier)) continue;
      const module = statement.moduleSpecifier.text;
      const { name, namedBindings } = statement.importClause ?? {};
      if (name?.text === local) return { module, name: "default" };
      if (!namedBindings) continue;
      if (ts.isNamespaceImport(namedBindings)) {
        if (namedBindings.name.text === local) return { module, name: "*" };
        continue;
      }
      const element = namedBindings.elements.find((each) => each.name.text === local);
      if (element) return { module, name: (element.propertyName ?? element.name).text };
    }
    return undefined;
  }

  #baseOf({ node, file }: ClassPlace): ClassPlace | undefined {
    const ts = this.#ts;
    const clause = node.heritageClauses?.find((each) => each.token === ts.SyntaxKind.ExtendsKeyword);
    const base = clause?.types[0]?.expression;
    return base && ts.isIdentifier(base) ? this.#resolveClass(file, base.text) : undefined;
  }

  #resolveClass(file: string, name: string): ClassPlace | undefined {
    const source = this.#source(file);
    const local = this.#classes(source).find((each) => classNameOf(this.#ts, each) === name);
    if (local) return { node: local, file };
    const imported = this.#imported(source, name);
    const target = imported && this.#resolveModule(file, imported.module);
    return target === undefined ? undefined : this.#exportedClass(target, imported?.name ?? "", new Set());
  }

  #exportedClass(file: string, name: string, seen: Set<string>): ClassPlace | undefined {
    const ts = this.#ts;
    if (seen.has(file)) return undefined;
    seen.add(file);
    const source = this.#source(file);
    for (const statement of source.statements) {
      const isDefault =
        ts.isClassDeclaration(statement) &&
        statement.modifiers?.some((each) => each.kind === ts.SyntaxKind.DefaultKeyword);
      if (name === "default" && isDefault) return { node: statement, file };
      if (name === "default" && ts.isExportAssignment(statement)) {
        return ts.isIdentifier(statement.expression)
          ? this.#resolveClass(file, statement.expression.text)
          : undefined;
      }
      if (!ts.isExportDeclaration(statement)) continue;
      const { exportClause, moduleSpecifier } = statement;
      const module =
        moduleSpecifier && ts.isStringLiteral(moduleSpecifier) ? moduleSpecifier.text : undefined;
      const target = module === undefined ? undefined : this.#resolveModule(file, module);
      if (!exportClause && target !== undefined) {
        const found = this.#exportedClass(target, name, seen);
        if (found) return found;
      }
      if (!exportClause || !ts.isNamedExports(exportClause)) continue;
      const element = exportClause.elements.find((each) => each.name.text === name);
      if (!element) continue;
      const original = (element.propertyName ?? element.name).text;
      return target === undefined
        ? this.#resolveClass(file, original)
        : this.#exportedClass(target, original, seen);
    }
    const node = this.#classes(source).find((each) => classNameOf(ts, each) === name);
    return node && { node, file };
  }

  #resolveModule(file: string, name: string): string | undefined {
    const ts = this.#ts;
    if (name === PACKAGE) return undefined;
    const folder = dirname(file);
    let options = this.#options.get(folder);
    if (!options) this.#options.set(folder, (options = readSettings(ts, file).options));
    const mode = ts.getImpliedNodeFormatForFile(file, undefined, ts.sys, options);
    const { resolvedModule } = ts.resolveModuleName(name, file, options, ts.sys, undefined, undefined, mode);
    return resolvedModule?.resolvedFileName;
  }

  #classes(source: ts.SourceFile): ts.ClassLikeDeclaration[] {
    const ts = this.#ts;
    const classes: ts.ClassLikeDeclaration[] = [];
    const visit = (node: ts.Node): void => {
      if (ts.isClassLike(node)) classes.push(node);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return classes;
  }

  #source(file: string): ts.SourceFile {
    let source = this.#sources.get(file);
    if (!source) {
      const { sys, createSourceFile, ScriptTarget } = this.#ts;
      source = createSourceFile(file, sys.readFile(file) ?? "", ScriptTarget.ES2022, true);
      this.#sources.set(file, source);
    }
    return source;
  }
}
