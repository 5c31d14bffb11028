// Reads what methods take from their TypeScript source: from the cache where the source has not changed, else
// from the syntax where that is enough, else with the type checker, and only the last costs seconds.

import { relative } from "node:path";
import type { ts } from "ts-morph";
import { ParameterDescriptionError, type ParameterProblem } from "../errors/parameter-errors.ts";
import type { MethodDescription } from "../params/types.ts";
import { TypeDescriber } from "./checked-types.ts";
import { type Compiler, type CompilerPackage, loadCompiler } from "./compiler.ts";
import { compilerPackage, listAllDependencies, listDependencies } from "./dependencies.ts";
import { describeByChecker, describeBySyntax, type UnmappedParameter } from "./describe-parameters.ts";
import { hashFile, readCache, writeCache } from "./description-cache.ts";
import { findMethods, type MethodQuery } from "./find-methods.ts";
import { locateSource } from "./locate-source.ts";
import { createProgram, readSettings } from "./program.ts";
import { SyntaxReader } from "./syntax-types.ts";

/** A method to be described, and the file that it was decorated in. */
export interface DescriptionRequest extends MethodQuery {
  /** The TypeScript source, or JavaScript compiled from it with a source map. */
  file: string;
  column?: number;
}

/** A request on its way to an answer. */
interface Task<R extends DescriptionRequest> {
  request: R;
  /** The TypeScript source. */
  file: string;
  query: MethodQuery;
}

type Outcome = MethodDescription | UnmappedParameter[];

/**
 * Describes methods from their source. Those whose source is not to be found, or has no such method, are
 * missing from the result, and so are all if ts-morph is not installed and the cache does not know them.
 *
 * @throws ParameterDescriptionError naming every parameter whose type no request can carry, and every method
 * that could be one of several.
 */
export async function describeMethods<R extends DescriptionRequest>(
  requests: readonly R[],
): Promise<Map<R, MethodDescription>> {
  const described = new Map<R, MethodDescription>();
  const open = requests.flatMap((request) => toTask(request) ?? []);
  for (const [file, tasks] of groupBy(open, (task) => task.file)) {
    const cached = readCache(file);
    for (const task of tasks) {
      const description = cached?.methods[toKey(task.query)];
      if (description) described.set(task.request, description);
    }
  }
  const unknown = open.filter((task) => !described.has(task.request));
  const compiler = unknown.length > 0 ? await loadCompiler() : undefined;
  if (!compiler) return described;

  const run = new Description<R>(compiler);
  run.describeBySyntax(unknown);
  run.describeByChecker();
  for (const [request, description] of run.finish()) described.set(request, description);
  return described;
}

function toTask<R extends DescriptionRequest>(request: R): Task<R> | undefined {
  const { className, methodName, parameterNames, length } = request;
  const place = locateSource(request.file, request.line, request.column);
  if (!place) return undefined;
  return {
    request,
    file: place.file,
    query: { className, methodName, parameterNames, length, line: place.line },
  };
}

function toKey({ className, methodName, parameterNames, length, line }: MethodQuery): string {
  return JSON.stringify([className, methodName, parameterNames ?? null, length, line ?? null]);
}

/** One pass over the sources that the cache does not know. */
class Description<R extends DescriptionRequest> {
  readonly #compiler: CompilerPackage;
  readonly #ts: Compiler;
  readonly #readers = new Map<string, { source: ts.SourceFile; reader: SyntaxReader }>();
  readonly #done: { task: Task<R>; description: MethodDescription; dependencies: string[] }[] = [];
  readonly #problems: ParameterProblem[] = [];
  #unclear: Task<R>[] = [];

  constructor(compiler: CompilerPackage) {
    this.#compiler = compiler;
    this.#ts = compiler.ts;
  }

  describeBySyntax(tasks: readonly Task<R>[]): void {
    for (const task of tasks) {
      const { source, reader } = this.#read(task.file);
      const methods = findMethods(this.#ts, source, task.query);
      if (methods.length === 0) continue;
      const [first, ...others] = methods.map((method) => describeBySyntax(this.#ts, method, reader));
      const isCertain = others.every((other) => other && JSON.stringify(other) === JSON.stringify(first));
      if (first && isCertain) this.#done.push({ task, description: first, dependencies: [task.file] });
      else this.#unclear.push(task);
    }
  }

  describeByChecker(): void {
    for (const tasks of groupBy(this.#unclear, ({ file }) => readConfigPath(this.#ts, file)).values()) {
      this.#checkProject(tasks);
    }
  }

  finish(): [R, MethodDescription][] {
    const compiler = compilerPackage();
    for (const [file, done] of groupBy(this.#done, ({ task }) => task.file)) {
      const paths = new Set(done.flatMap(({ dependencies }) => dependencies));
      writeCache(file, {
        dependencies: Object.fromEntries([...paths, ...compiler].map((path) => [path, hashFile(path)])),
        methods: Object.fromEntries(done.map(({ task, description }) => [toKey(task.query), description])),
      });
    }
    if (this.#problems.length > 0) throw new ParameterDescriptionError(this.#problems);
    return this.#done.map(({ task, description }) => [task.request, description]);
  }

  /**
   * Describes tasks of one tsconfig: at first by a lean program of their files alone, then, for what that could
   * not resolve, by the whole project, whose ambient files may declare it.
   */
  #checkProject(tasks: readonly Task<R>[]): void {
    const ts = this.#ts;
    const files = [...new Set(tasks.map((task) => task.file))];
    const settings = readSettings(ts, files[0] ?? "");
    const { configFiles, options: compilerOptions } = settings;
    const lean = createProgram(this.#compiler, { files, compilerOptions, lean: true });
    const unresolved = tasks.filter((task) => {
      const outcomes = this.#check(lean, task);
      if (outcomes.length === 0 || outcomes.some(mayBeResolved)) return true;
      this.#settle(task, outcomes, [...listDependencies(ts, lean, task.file), ...configFiles]);
      return false;
    });
    if (unresolved.length === 0) return;
    const all = [...new Set([...files, ...settings.listFiles()])];
    const whole = createProgram(this.#compiler, { files: all, compilerOptions, lean: false });
    const dependencies = [...listAllDependencies(whole), ...configFiles];
    for (const task of unresolved) this.#settle(task, this.#check(whole, task), dependencies);
  }

  #settle(task: Task<R>, outcomes: readonly Outcome[], dependencies: string[]): void {
    const [outcome, ...others] = outcomes;
    if (outcome && !Array.isArray(outcome) && others.length === 0) {
      this.#done.push({ task, description: outcome, dependencies });
    } else {
      this.#problems.push(...describeProblems(task, outcome, others.length));
    }
  }

  /** Gives the outcomes for all methods that the task can mean, equal ones once. */
  #check(program: ts.Program, task: Task<R>): Outcome[] {
    const source = program.getSourceFile(task.file);
    if (!source) return [];
    const tools = {
      reader: new SyntaxReader(this.#ts, source),
      describer: new TypeDescriber(this.#ts, program),
    };
    const outcomes = findMethods(this.#ts, source, task.query).map((method) =>
      describeByChecker(this.#ts, method, tools),
    );
    return [...new Map(outcomes.map((outcome) => [JSON.stringify(outcome), outcome])).values()];
  }

  #read(file: string): { source: ts.SourceFile; reader: SyntaxReader } {
    let known = this.#readers.get(file);
    if (!known) {
      const text = this.#ts.sys.readFile(file) ?? "";
      const source = this.#ts.createSourceFile(file, text, this.#ts.ScriptTarget.ES2022, true);
      known = { source, reader: new SyntaxReader(this.#ts, source) };
      this.#readers.set(file, known);
    }
    return known;
  }
}

function mayBeResolved(outcome: Outcome): boolean {
  return Array.isArray(outcome) && outcome.some((unmapped) => unmapped.isUnresolved);
}

function describeProblems(
  { file, query: { className, methodName } }: Task<DescriptionRequest>,
  outcome: Outcome | undefined,
  others: number,
): ParameterProblem[] {
  const endpoint = `${className}.${methodName}`;
  const path = relative(process.cwd(), file);
  if (others > 0) {
    const problem =
      `${others + 1} methods in ${path} could be this one, and their parameters differ. ` +
      "Give their classes different names, or the method a `params` option.";
    return [{ endpoint, problem }];
  }
  if (!Array.isArray(outcome)) {
    return [{ endpoint, problem: `${path} could not be read as a part of its tsconfig's program.` }];
  }
  return outcome.map(({ parameter, problem }) => ({ endpoint, parameter, problem }));
}

function readConfigPath(ts: Compiler, file: string): string {
  return ts.findConfigFile(file, ts.sys.fileExists) ?? "";
}

function groupBy<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const key = keyOf(item);
    const group = groups.get(key);
    if (group) group.push(item);
    else groups.set(key, [item]);
  }
  return groups;
}
