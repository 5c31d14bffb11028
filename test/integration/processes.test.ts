import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { Child, type ChildOptions } from "../helpers/child.ts";
import { openRaw } from "../helpers/raw-client.ts";
import { answer, events, over } from "../helpers/stream-client.ts";
import { waitFor } from "../helpers/wait-for.ts";

const fixture = (name: string) => fileURLToPath(new URL(`fixtures/${name}.ts`, import.meta.url));

const start = async (name: string, options: ChildOptions = {}) => {
  const child = new Child(fixture(name), options);
  const { port } = await child.message((message) => message.port);
  return { child, open: (path: string) => openRaw({ port }, { path }) };
};

describe("errors that nobody awaits", () => {
  test("loops that are unwound together, or one that is awaited too late, do not take the process down", async () => {
    const { child, open } = await start("strays");
    for (const path of ["/api/stray/late", "/api/stray/together"]) {
      const client = open(path);
      await events(client, 3);
      client.leave();
    }
    await waitFor(async () => (await child.call("counts")).finally === 2, { what: "both finally blocks" });
    expect((await child.call("counts")).unwound).toBeGreaterThan(0);
    expect(await child.call("open")).toBe(0);
    expect(child.exit).toBeUndefined();
  });

  test("an invalid event does not take the process down, and is in the log", async () => {
    const { child, open } = await start("strays");
    const client = await over(open("/api/stray/invalid"));
    expect(client.stream.dataOf("tick")).toEqual([7]);
    await waitFor(() => child.output.includes("EventValidationError"), { what: "the log" });
    await child.call("rejectWithOurs");
    expect(await child.call("open")).toBe(0);
    expect(child.exit).toBeUndefined();
  });

  test("every other unhandled rejection still ends the process, as Node has it", async () => {
    const { child } = await start("strays");
    child.process.send({ call: "rejectWithOther", id: 0, args: [] });
    expect((await child.ended()).code).toBe(1);
    expect(child.output).toContain("a stranger's mistake");
  });
});

describe("a generator that yields without ever waiting starves nobody", () => {
  for (const [what, path] of [
    ["events", "/api/spin/events"],
    ["nothing", "/api/spin/nothing"],
    ["events in its finally, after its client has left", "/api/spin/late"],
  ] as const) {
    test(what, async () => {
      const { open } = await start("spin");
      const client = open(path);
      await events(client, 1);
      if (path.endsWith("late")) client.leave();
      // Reads on as fast as it can, but keeps nothing.
      else client.connection.socket.removeAllListeners("data").resume();
      // Several in a row, so that the leaving has been seen before the last.
      for (let each = 0; each < 5; each++) expect((await answer(open("/nowhere"))).status).toBe(404);
    });
  }
});

describe("a handler that swallows all errors after its client has left starves nobody", () => {
  for (const call of ["flush", "sleep"] as const) {
    test(`because ${call} takes a turn of the event loop`, async () => {
      const { child, open } = await start("spin");
      const client = open(`/api/spin/${call}`);
      await events(client, 1);
      client.leave();
      await waitFor(async () => (await child.call("rounds")) > 2, { what: "rounds after the close" });
      expect((await answer(open("/nowhere"))).status).toBe(404);
    });
  }
});

describe("the handler's own chain is told under Node's flags", () => {
  for (const execArgv of [
    [],
    ["--stack-trace-limit=0"],
    ["--enable-source-maps"],
    ["--inspect=0"],
    ["--async-context-frame"].filter(() => process.allowedNodeEnvironmentFlags.has("--async-context-frame")),
  ]) {
    test(`node ${execArgv.join(" ")}`, async () => {
      const { child, open } = await start("loop", { execArgv });
      const client = open("/api/loop/go");
      await events(client, 3);
      client.leave();
      await waitFor(async () => (await child.call("state")).ended === "StreamClosedError", {
        what: "the loop's unwinding",
      });
      expect(child.output).not.toContain("async-stack-traces");
    });
  }

  test("where it can't be, one warning says so at the start and nothing is thrown", async () => {
    const { child, open } = await start("loop", { execArgv: ["--no-async-stack-traces"] });
    const warnings = () => child.output.split("\n").filter((line) => /"level":40/.test(line));
    await waitFor(() => warnings().length > 0, { what: "the warning" });
    expect(warnings()).toHaveLength(1);
    expect(warnings()[0]).toMatch(/async stack traces/i);
    const client = open("/api/loop/go");
    await events(client, 3);
    client.leave();
    const { rounds } = await child.call("state");
    await waitFor(async () => (await child.call("state")).rounds > rounds + 50, {
      what: "fifty rounds more",
    });
    expect((await child.call("state")).ended).toBe("");
    await child.call("stop");
    await waitFor(async () => (await child.call("state")).ended === "returned", {
      what: "the loop's own end",
    });
    expect(warnings()).toHaveLength(1);
  });
});
