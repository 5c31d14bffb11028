import { describe, expect, test } from "vitest";
import { Child } from "../helpers/child.ts";
import { EventStreamReader } from "../helpers/event-stream.ts";
import { waitFor } from "../helpers/wait-for.ts";
import { parseCurlLine, type CurlLine } from "./demo.ts";

/** Starts a numbered example on a free port and gives the curl line that it prints. */
async function startExample(name: string): Promise<CurlLine> {
  const child = new Child(`examples/${name}/server.ts`, { env: { PORT: "0", DATABASE_URL: "" } });
  const line = await waitFor(
    () => {
      if (child.exit) throw new Error(`the example ended:\n${child.output}`);
      return /^curl .+$/m.exec(child.output)?.[0];
    },
    { boundMs: 60_000, what: () => `its curl line; it printed:\n${child.output}` },
  );
  return parseCurlLine(line);
}

/** Sends a request and reads the answer's events until `enough` says so. */
async function readEvents(
  { url, method, headers, body }: Pick<CurlLine, "url" | "method" | "headers" | "body">,
  enough: (reader: EventStreamReader) => boolean,
): Promise<EventStreamReader> {
  const response = await fetch(url, { method, headers, body, signal: AbortSignal.timeout(20_000) });
  expect(response.status).toBe(200);
  const reader = new EventStreamReader();
  for await (const bytes of response.body ?? []) {
    reader.push(bytes);
    if (enough(reader)) return reader;
  }
  return reader;
}

describe("the numbered examples", { timeout: 90_000 }, () => {
  test("01 sends the tide's level", async () => {
    const line = await startExample("01-smallest");
    const { events } = await readEvents(line, (reader) => reader.events.length >= 2);
    expect(JSON.parse(events[0]?.data ?? "")).toEqual({
      metres: expect.any(Number),
      measuredAt: expect.stringMatching(/^\d{4}-\d\d-\d\dT/),
    });
  });

  test("02 converts arguments and lets in whom it should", async () => {
    const line = await startExample("02-arguments-and-auth");
    const reader = await readEvents(line, (read) => read.events.length >= 2);
    expect(reader.dataOf("gate")[0]).toEqual({ lock: 2, side: "sea", open: true, seenBy: "Ida" });
    expect(reader.dataOf("gate")[1]).toEqual({ lock: 2, side: "sea", open: false, seenBy: "Ida" });

    const status = async (url: string, token?: string) => {
      const response = await fetch(url, { headers: token ? { authorization: `Bearer ${token}` } : {} });
      await response.body?.cancel();
      return response.status;
    };
    expect(await status(line.url)).toBe(401);
    expect(await status(line.url, "bram")).toBe(403);
    expect(await status(line.url.replace("lock=2", "lock=two"), "ida")).toBe(400);
    expect(await status(line.url.replace("sides=sea", "sides=lake"), "ida")).toBe(400);
  });

  test("03 answers a POST word by word and ends", async () => {
    const line = await startExample("03-post-stream");
    const reader = await readEvents(line, () => false);
    const words = reader.dataOf("word").map((word) => word.text);
    expect(words.join(" ")).toContain("How do I enter at night?");
    expect(reader.dataOf("usage")).toEqual([{ words: words.length }]);
    expect(reader.names.at(-1)).toBe("end");
  });

  test("04 lives in another application, with its hooks and plugins", async () => {
    const line = await startExample("04-plugin");
    const origin = "https://harbour.example";
    const response = await fetch(line.url, { headers: { origin }, signal: AbortSignal.timeout(20_000) });
    expect(response.headers.get("access-control-allow-origin")).toBe(origin);
    await response.body?.cancel();

    const { events } = await readEvents(line, (reader) => reader.events.length >= 1);
    expect(events[0]?.event).toBe("gust");
    const factor = await fetch(`${line.url}/factor`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: '{"factor":2}',
    });
    expect(await factor.json()).toEqual({ factor: 2 });
    expect(await (await fetch(new URL("/health", line.url))).json()).toEqual({ ok: true });
  });

  test("05 passes by itself", async () => {
    const child = new Child("examples/05-testing/buoy.test.ts");
    const { code } = await child.ended(60_000);
    expect(code, child.output).toBe(0);
    expect(child.output).toMatch(/pass 2/);
  });
});
