// What it costs the compiler that a project has many endpoints: instantiations, which are the same on every machine.
import { expect, test } from "vitest";
import { printClientModule, type ClientEndpoint } from "../../src/print/client-module.ts";
import type { Shape } from "../../src/shape/shape.ts";
import { Project } from "./project.ts";

const ENDPOINTS = 200;

/** TypeScript 7.0.2 takes 19,225. */
const BOUND = 25_000;

const shape = (properties: Record<string, Shape>): Shape & { kind: "object" } => ({
  kind: "object",
  properties: Object.entries(properties).map(([name, each]) => ({ name, shape: each })),
});

const text: Shape = { kind: "string" };
const number: Shape = { kind: "number" };
const date: Shape = { kind: "date" };

/** A mix as projects have it: streams of a few events, and calls with and without parameters. */
function createEndpoint(index: number): ClientEndpoint {
  const model = `model${Math.floor(index / 5)}`;
  const params = shape({
    id: number,
    since: { kind: "union", of: [date, { kind: "undefined" }] },
  }).properties;
  const row = shape({
    id: number,
    [`title${index}`]: text,
    at: date,
    tags: { kind: "array", of: text },
    kind: { kind: "union", of: ["a", "b", "c"].map((value) => ({ kind: "literal", value })) },
  });
  const base = { model, httpMethod: "GET", path: `/${model}/method${index}`, method: `method${index}` };
  if (index % 2 === 0) {
    const union: Shape = {
      kind: "union",
      of: [
        shape({ state: { kind: "literal", value: "on" }, at: date }),
        shape({ state: { kind: "literal", value: "off" }, reason: text }),
      ],
    };
    const events = shape({
      created: row,
      changed: union,
      removed: shape({ id: { kind: "bigint" } }),
      note: text,
    });
    return { ...base, params: index % 4 === 0 ? params : [], events: events.properties };
  }
  return {
    ...base,
    params: index % 3 === 0 ? params : [],
    result: index % 5 === 0 ? text : { kind: "array", of: row },
  };
}

/** Uses every endpoint once, as an application would. */
function use({ model, method, params, events, result }: ClientEndpoint): string {
  const args = params.length > 0 ? "{ id: 1, since: new Date() }" : "";
  const call = `api.${model}.${method}(${args})`;
  if (!events)
    return result?.kind === "array"
      ? `for (const row of await ${call}) row.at.getTime();`
      : `(await ${call}).trim();`;
  return `{
    const stream = ${call};
    stream.on("created", (row) => row.at.getTime());
    stream.on("changed", (change) => (change.state === "on" ? change.at.getTime() : change.reason.trim()));
    stream.on("gap", ({ after }) => after.trim());
    for await (const { event, data } of stream) if (event === "removed") data.id.toString();
  }`;
}

test(`a project of ${ENDPOINTS} endpoints type-checks with a bounded number of instantiations`, async () => {
  const endpoints = Array.from({ length: ENDPOINTS }, (_, index) => createEndpoint(index));
  const client = printClientModule({ endpoints, definitions: {}, printWidth: 110, defaults: {} });
  const project = new Project("costly", {
    "api.ts": client,
    "use.ts": `import { createApi } from "./api.ts";\nconst api = createApi();\n${endpoints.map(use).join("\n")}`,
  });
  const lines = await project.compile("--extendedDiagnostics");
  const count = Number(lines.find((line) => line.startsWith("Instantiations:"))?.replace(/\D/g, ""));
  console.log(`${ENDPOINTS} endpoints: ${count} instantiations`);
  expect(lines.filter((line) => line.includes("error"))).toEqual([]);
  expect(count).toBeGreaterThan(ENDPOINTS);
  expect(count).toBeLessThan(BOUND);
}, 120_000);
