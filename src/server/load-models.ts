import { pathToFileURL } from "node:url";

import { glob } from "tinyglobby";

import { declarationsOf, type Method } from "../endpoint/declarations.ts";
import { EndpointDefinitionError } from "../errors/endpoint-errors.ts";
import type { ModelSource } from "./options.ts";

/**
 * Gives the model instances that are meant: an instance as it is, a class as a new instance, a glob as whatever
 * its files export that has endpoints. No model comes twice.
 *
 * @throws EndpointDefinitionError if a glob matches no file, or what is given has no endpoint.
 */
export async function loadModels(sources: ModelSource | readonly ModelSource[]): Promise<object[]> {
  const models = new Map<object, object>();
  const add = (source: object): void => {
    if (!models.has(source)) models.set(source, typeof source === "function" ? instantiate(source) : source);
  };
  for (const source of Array.isArray(sources) ? (sources as readonly ModelSource[]) : [sources]) {
    if (typeof source === "string") {
      for (const model of await loadGlob(source)) add(model);
    } else if (source !== null && endpointCount(source) > 0) {
      add(source);
    } else {
      throw new EndpointDefinitionError(
        nameOf(source),
        "has no endpoint. Decorate a method with @stream or @api, or take it out of models.",
      );
    }
  }
  return dropClassesOfInstances([...models.values()], [...models.keys()]);
}

async function loadGlob(pattern: string): Promise<object[]> {
  const files = await glob(pattern, {
    absolute: true,
    expandDirectories: false,
    ignore: ["**/node_modules/**"],
  });
  if (files.length === 0) {
    throw new EndpointDefinitionError(
      `models: ${JSON.stringify(pattern)}`,
      `matches no file below ${process.cwd()}. Give a glob relative to the working directory.`,
    );
  }
  const models: object[] = [];
  for (const file of files.toSorted()) {
    const exported = (await import(pathToFileURL(file).href)) as Record<string, unknown>;
    for (const value of Object.values(exported)) {
      const isModel = (typeof value === "object" && value !== null) || typeof value === "function";
      if (isModel && endpointCount(value) > 0) models.push(value);
    }
  }
  return models;
}

/** A file may export a class and its instance; the instance is then the one to serve. */
function dropClassesOfInstances(models: object[], sources: object[]): object[] {
  const given = new Set(
    sources.filter((source) => typeof source !== "function").map((source) => source.constructor),
  );
  return models.filter((_, index) => {
    const source = sources[index];
    return typeof source !== "function" || !given.has(source);
  });
}

function endpointCount(source: object): number {
  const constructor = (typeof source === "function" ? source : source.constructor) as Method | undefined;
  return typeof constructor === "function" ? declarationsOf(constructor).size : 0;
}

function instantiate(source: object): object {
  const Model = source as new () => object;
  try {
    return new Model();
  } catch (cause) {
    throw new EndpointDefinitionError(
      Model.name,
      "could not be made with `new` and no arguments. Pass an instance in models instead.",
      { cause },
    );
  }
}

function nameOf(source: object | null): string {
  if (source === null) return "models: null";
  return typeof source === "function" ? source.name : (source.constructor?.name ?? "models");
}
