import { execFile } from "node:child_process";
import { createServer, type AddressInfo } from "node:net";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { ensurePage } from "../../examples/demo/page-build.ts";
import { Child } from "../helpers/child.ts";
import { startDemo, Watched, type RunningDemo } from "./demo.ts";

const run = promisify(execFile);

describe("the demo", () => {
  let demo: RunningDemo;
  beforeAll(async () => {
    demo = await startDemo({ ownedByTest: false });
  }, 180_000);
  afterAll(async () => {
    await demo?.child.stop();
  });

  test("answers a stream that needs no database within a second, while the database is still starting", async () => {
    const fresh = await startDemo();
    const firstEvent = async (part: string, event: string) => {
      const startedAt = performance.now();
      const watched = await Watched.open(fresh.line("GET", part).url);
      await watched.event(event, undefined, 150_000);
      return performance.now() - startedAt;
    };
    const [withoutMs, withMs] = await Promise.all([
      firstEvent("station/", "reading"),
      firstEvent("logEntry/", "entry"),
    ]);
    // On a busy machine all takes longer; then what counts is that the one did not wait for the other.
    expect(withoutMs).toBeLessThan(Math.max(1000, withMs / 2));
  }, 240_000);

  test("serves its page, which is asked for anew each time, and files that never change", async () => {
    const page = await fetch(demo.address);
    expect(page.status).toBe(200);
    expect(page.headers.get("content-type")).toBe("text/html; charset=utf-8");
    expect(page.headers.get("cache-control")).toBe("no-cache");
    expect(page.headers.get("content-security-policy")).toMatch(/^default-src 'self';/);
    expect(page.headers.get("content-security-policy")).not.toContain("unsafe");
    const html = await page.text();
    const files = [...html.matchAll(/(?:src|href)="(\/[^"]+)"/g)].map((match) => match[1] ?? "");
    expect(files.filter((file) => file.startsWith("/assets/"))).toHaveLength(2);
    for (const file of files) {
      const response = await fetch(new URL(file, demo.address));
      expect([file, response.status]).toEqual([file, 200]);
      expect([file, response.headers.get("cache-control")]).toEqual([
        file,
        file.startsWith("/assets/") ? "public, max-age=31536000, immutable" : "no-cache",
      ]);
      await response.arrayBuffer();
    }
  });

  test("prints a line for each of five streams, and each delivers", async () => {
    const lines = demo.lines.filter((line) => line.method === "GET");
    expect(lines).toHaveLength(5);
    for (const line of lines) {
      const watched = await Watched.open(line.url);
      expect([line.url, watched.response.status]).toEqual([line.url, 200]);
      expect(watched.response.headers.get("content-type")).toBe("text/event-stream");
      const first = { notice: "notice", unloading: "progress", logEntry: "entry", radio: "transmission" };
      const model = new URL(line.url).pathname.split("/")[2] as keyof typeof first;
      await watched.event(first[model] ?? "reading");
    }
  });

  test("prints lines that a shell runs as they are", async () => {
    for (const line of demo.lines) {
      // An endless stream is cut by curl's own limit, which is exit code 28 and no failure here.
      const command = line.method === "GET" ? line.command.replace("curl", "curl -m 2") : line.command;
      const { stdout } = await run("sh", ["-c", command], { timeout: 20_000 }).catch(
        (error: { code: number; stdout: string }) => {
          if (error.code !== 28) throw error;
          return error;
        },
      );
      expect(stdout, line.command).toMatch(line.method === "GET" ? /^event: \w+\ndata: \{/m : /^\{"/);
    }
  });

  test("brings a posted notice to its berth, and to no other", async () => {
    const four = await Watched.open(`${demo.address}/api/notice/streamNotices?berth=4`);
    const five = await Watched.open(`${demo.address}/api/notice/streamNotices?berth=5`);
    await demo.post("notice/post", { berth: 4, kind: "weather", text: "Fog until nine." });
    await demo.post("notice/post", { berth: 5, kind: "work", text: "Your cleat is mended." });
    await four.event("notice", (notice) => notice.text === "Fog until nine.");
    await five.event("notice", (notice) => notice.text === "Your cleat is mended.");
    expect(five.reader.text).not.toContain("Fog");
    expect(four.reader.text).not.toContain("cleat");
  });

  test("goes on after the last notice that a reconnecting client saw", async () => {
    const url = `${demo.address}/api/notice/streamNotices?berth=9`;
    const before = await Watched.open(url);
    const first = await demo.post("notice/post", { berth: 9, kind: "fee", text: "One." });
    await before.event("notice", (notice) => notice.id === first.id);
    before.leave();
    for (const text of ["Two.", "Three."]) await demo.post("notice/post", { berth: 9, kind: "fee", text });

    const after = await Watched.open(url, { "last-event-id": before.reader.lastEventId });
    await after.event("notice", (notice) => notice.text === "Three.");
    expect(after.reader.dataOf("notice").map((notice) => notice.text)).toEqual(["Two.", "Three."]);
  });

  test("takes a forged last event ID for none", async () => {
    for (const id of ["-1", "99999999999999999999", "1;drop table notices", "123456789", "1-1"]) {
      const watched = await Watched.open(`${demo.address}/api/notice/streamNotices?berth=4`, {
        "last-event-id": id,
      });
      await watched.event("notice");
    }
  });

  test("begins anew for a client of another database, and says so", async () => {
    // A row of that number there is, but it was written at another time.
    const watched = await Watched.open(`${demo.address}/api/logEntry/streamEntries`, {
      "last-event-id": "1-1600000000000",
    });
    await watched.event("beginning");
    expect((await watched.event("entry")).id).toBe(1);
  });

  test("gives a client that knows the latest rows by a call what came after them", async () => {
    const latest = async (): Promise<any> =>
      await (await fetch(`${demo.address}/api/notice/latest?berth=8`)).json();
    const url = `${demo.address}/api/notice/streamNotices?berth=8`;
    const empty = await latest();
    expect(empty.notices).toEqual([]);
    await demo.post("notice/post", { berth: 8, kind: "fee", text: "First." });
    const fromNothing = await Watched.open(url, { "last-event-id": empty.position });
    await fromNothing.event("notice", (notice) => notice.text === "First.");

    const one = await latest();
    expect(one.notices).toMatchObject([{ text: "First." }]);
    const after = await Watched.open(url, { "last-event-id": one.position });
    await demo.post("notice/post", { berth: 8, kind: "fee", text: "Second." });
    await after.event("notice", (notice) => notice.text === "Second.");
    expect(after.reader.dataOf("notice")).toHaveLength(1);
    expect(after.reader.names).not.toContain("beginning");
  });

  const unload = (parameters: Record<string, string>): string =>
    `${demo.address}/api/unloading/unload?${new URLSearchParams(parameters)}`;

  test("shows a task's progress up to its finish, then ends", async () => {
    const watched = await Watched.open(unload({ vessel: "Halcyon", containers: "3" }));
    await watched.event("finished");
    expect(watched.reader.dataOf("progress").map((progress) => progress.moved)).toEqual([1, 2, 3]);
    await expect.poll(() => watched.over).toBe(true);
    expect(watched.reader.events.at(-1)).toMatchObject({ event: "end", data: "END" });
  });

  test("reports a task that goes wrong as an error event, then ends", async () => {
    const watched = await Watched.open(unload({ vessel: "Rust", containers: "4", jam: "true" }));
    const error = await watched.event("error");
    expect(error.message).toBe("The crane jammed after container 1 of 4.");
    await expect.poll(() => watched.over).toBe(true);
    expect(watched.reader.names.at(-1)).toBe("end");
  });

  test("works on while nobody watches, and never starts again for a client that comes back", async () => {
    const url = unload({ vessel: "Tern", containers: "8" });
    const first = await Watched.open(url);
    const { run } = await first.event("started");
    await first.event("progress");
    const seen = first.reader.lastEventId;
    first.leave();

    const second = await Watched.open(url, { "last-event-id": seen });
    await second.event("finished");
    const moved = [...first.reader.dataOf("progress"), ...second.reader.dataOf("progress")];
    expect(moved.map((progress) => progress.moved)).toEqual([1, 2, 3, 4, 5, 6, 7, 8]);
    expect(second.reader.names).not.toContain("started");
    expect(second.reader.lastEventId).toContain(run);
  });

  test("stops a task by a DELETE on its run, for all who watch it", async () => {
    const watched = await Watched.open(unload({ vessel: "Tern", containers: "60" }));
    const { run } = await watched.event("started");
    const stopped = await fetch(`${demo.address}/api/unloading/unload/${run}`, { method: "DELETE" });
    expect(stopped.status).toBe(204);
    await expect.poll(() => watched.over).toBe(true);
    expect(watched.reader.names).not.toContain("end");
    const again = await fetch(unload({ vessel: "Tern", containers: "60" }), {
      headers: { "last-event-id": watched.reader.lastEventId },
    });
    expect(again.status).toBe(410);
  });

  test("brings a log entry to all readers, in the order of writing and once each", async () => {
    const readers = [
      await Watched.open(`${demo.address}/api/logEntry/streamEntries`),
      await Watched.open(`${demo.address}/api/logEntry/streamEntries`),
    ];
    const vessels = Array.from({ length: 12 }, (_, index) => `Fleet ${index}`);
    for (const vessel of vessels) {
      await demo.post("logEntry/write", { kind: "arrival", vessel, remark: "In convoy." });
    }
    for (const reader of readers) {
      await reader.event("entry", (entry) => entry.vessel === "Fleet 11");
      const seen = reader.reader.dataOf("entry").map((entry) => entry.vessel);
      expect(seen.filter((vessel) => vessel.startsWith("Fleet "))).toEqual(vessels);
    }
  });

  test("tells the others on a channel who comes and goes", async () => {
    const at = (callSign: string) =>
      `${demo.address}/api/radio/streamChannel?channel=72&callSign=${callSign}`;
    const tern = await Watched.open(at("Tern"));
    expect(await tern.event("onAir")).toEqual({ callSigns: ["Tern"], count: 0 });
    const knot = await Watched.open(at("Knot"));
    expect(await knot.event("onAir")).toEqual({ callSigns: ["Knot", "Tern"], count: 0 });
    await tern.event("joined", (joined) => joined.callSign === "Knot");

    await demo.post("radio/transmit", { channel: 72, callSign: "Knot", text: "Leaving now." });
    await tern.event("transmission", (said) => said.callSign === "Knot" && said.text === "Leaving now.");
    knot.leave();
    await tern.event("left", (left) => left.callSign === "Knot");
    expect(knot.reader.names).not.toContain("joined");
  });

  test("puts on the air who signs on, until they sign off, and tells the past to who listens later", async () => {
    const listener = await Watched.open(`${demo.address}/api/radio/streamChannel?channel=6`);
    expect(await listener.event("onAir")).toEqual({ callSigns: [], count: 0 });
    const brent = { channel: 6, callSign: "Brent" };
    expect(await demo.post("radio/signOn", brent)).toEqual({ callSigns: ["Brent"] });
    await listener.event("joined", (joined) => joined.callSign === "Brent");
    await demo.post("radio/signOn", brent);
    await demo.post("radio/transmit", { ...brent, text: "Radio check." });
    const recent = await (await fetch(`${demo.address}/api/radio/recent?channel=6`)).json();
    expect(recent).toMatchObject({ callSigns: ["Brent"], transmissions: [{ text: "Radio check." }] });
    const late = await Watched.open(`${demo.address}/api/radio/streamChannel?channel=6`);
    await late.event("transmission", (said) => said.text === "Radio check.");
    await demo.post("radio/signOff", brent);
    await listener.event("left", (left) => left.callSign === "Brent");
    expect(listener.reader.dataOf("joined")).toHaveLength(1);
  });

  test("gives a listener who comes back what was said meanwhile, each once", async () => {
    const url = `${demo.address}/api/radio/streamChannel?channel=16`;
    const say = (text: string) => demo.post("radio/transmit", { channel: 16, callSign: "Eider", text });
    const before = await Watched.open(url);
    await before.event("onAir");
    await say("One.");
    await before.event("transmission");
    before.leave();
    await say("Two.");
    await say("Three.");
    const after = await Watched.open(url, { "last-event-id": before.reader.lastEventId });
    await say("Four.");
    await after.event("transmission", (said) => said.text === "Four.");
    expect(after.reader.dataOf("transmission").map((said) => said.text)).toEqual(["Two.", "Three.", "Four."]);
  });

  test("measures the station once for all who watch", async () => {
    const url = `${demo.address}/api/station/streamReadings`;
    const viewers = [await Watched.open(url), await Watched.open(url)];
    const times = async (viewer: Watched) => {
      await viewer.event("reading", () => viewer.reader.dataOf("reading").length >= 2);
      return viewer.reader.dataOf("reading").map((reading) => reading.at as string);
    };
    const [first = [], second = []] = [await times(viewers[0]!), await times(viewers[1]!)];
    expect(second.filter((at) => !first.includes(at) && at <= (first.at(-1) ?? ""))).toEqual([]);
  });

  test("shows a load drill in the station's readings while it lasts", async () => {
    const station = await Watched.open(`${demo.address}/api/station/streamReadings`);
    const quiet = await station.event("reading");
    for (const value of [quiet.load, quiet.memory, quiet.disk]) expect(value).toBeGreaterThanOrEqual(0);
    await demo.post("station/drill", { seconds: 2 });
    await station.event("reading", (reading) => reading.drills > 0);
    await station.event("reading", (reading) => reading.drills === 0 && reading.cpu > 0);
  });

  test("refuses bad arguments with 400 and the place of the fault", async () => {
    const response = await fetch(`${demo.address}/api/notice/streamNotices?berth=13`);
    expect(response.status).toBe(400);
    expect(await response.json()).toMatchObject({ statusCode: 400, issues: [{ path: ["berth"] }] });
  });
});

test.each(["SIGTERM", "SIGINT"] as const)(
  "the demo closes its streams and stops on %s",
  async (signal) => {
    const demo = await startDemo();
    const logbook = await Watched.open(`${demo.address}/api/logEntry/streamEntries`);
    await logbook.event("entry", undefined, 60_000);
    const job = await Watched.open(`${demo.address}/api/unloading/unload?vessel=Halcyon&containers=60`);
    await job.event("progress");
    demo.child.process.kill(signal);
    const { code } = await demo.child.ended(20_000);
    expect(code).toBe(0);
    expect(logbook.over).toBe(true);
    expect(logbook.reader.names).not.toContain("end");
    expect(demo.child.output).not.toMatch(/"level":(40|50|60)|broke off/);
  },
  90_000,
);

test("the demo says in one line that its port is taken", async () => {
  await ensurePage();
  const squatter = createServer().listen(0, "127.0.0.1");
  await new Promise((resolve) => squatter.once("listening", resolve));
  try {
    const { port } = squatter.address() as AddressInfo;
    const child = new Child("examples/demo/server.ts", {
      env: { PORT: `${port}`, HOST: "127.0.0.1", DATABASE_URL: "" },
    });
    expect((await child.ended(60_000)).code).toBe(1);
    expect(child.output.trim()).toBe(
      `Port ${port} is taken. Choose another one, for example: PORT=${port + 1} npm start`,
    );
  } finally {
    squatter.close();
  }
}, 90_000);
