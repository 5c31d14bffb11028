import { isUtf8 } from "node:buffer";
import { BaseModel, EventValidationError, stream, z, type Context } from "pinestream";
import { beforeEach, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { events, head, over } from "../helpers/stream-client.ts";
import { describeTransports, http1 } from "../helpers/transports.ts";
import { turns, waitFor } from "../helpers/wait-for.ts";

// What the next handler does; each test says it where it is read.
let run: (ctx: Context) => AsyncGenerator<any>;
let caught: unknown[] = [];
beforeEach(() => (caught = []));

const anything = z.object({ note: z.any(), text: z.string(), "odd:name  x": z.string(), ünï: z.number() });

class WireModel extends BaseModel {
  @stream({ type: "sse", events: anything, params: z.object({}) })
  async *go(ctx: Context) {
    yield* run(ctx);
  }

  @stream({ type: "sse", events: anything, params: z.object({}), keepAlive: 7_321 })
  async *paced(ctx: Context) {
    yield* run(ctx);
  }

  @stream({ type: "sse", events: anything, params: z.object({}), keepAlive: false })
  async *silent(ctx: Context) {
    yield* run(ctx);
  }

  @stream({ type: "sse", events: anything, params: z.object({}), retry: 4_567 })
  async *patient(ctx: Context) {
    yield* run(ctx);
  }

  @stream({
    type: "sse",
    params: z.object({}),
    events: z.object({
      row: z.object({
        at: z.date(),
        big: z.bigint(),
        kept: z.string(),
        filled: z.string().default("by default"),
        nested: z.object({ when: z.date().optional() }).optional(),
        list: z.array(z.bigint()).optional(),
      }),
      plain: z.number(),
      trimmed: z.string().trim(),
    }),
  })
  async *parsed(ctx: Context) {
    yield* run(ctx);
  }
}

/** Runs `act` with the connection on the handler's own chain and keeps what it throws. */
const acting = (act: (sse: any, ctx: Context) => unknown) =>
  async function* (ctx: Context) {
    const sse = ctx.createSSE();
    try {
      await act(sse, ctx);
    } catch (error) {
      caught.push(error);
    }
    await sse.end();
  };

const HOSTILE = {
  LF: "\n",
  CR: "\r",
  CRLF: "\r\n",
  NUL: "\0",
  "a lone high surrogate": "\uD800",
  "a lone low surrogate": "\uDC00",
  "a blank line": "\n\n",
  "a frame": 'x\n\nevent: text\ndata: "injected"\n\n',
  "a frame with CR": 'x\r\revent: text\rdata: "injected"\r\r',
  U2028: "\u2028\u2029\u0085\u000b\u000c",
  BOM: "\uFEFF",
};

describeTransports("the wire", ({ serve, name }) => {
  const start = async (act: (sse: any, ctx: Context) => unknown, path = "/api/wire/go") => {
    run = acting(act);
    return (await serve({ models: [WireModel] })).open(path);
  };

  test("F29: the head tells every proxy to pass the stream on at once, before there is any event", async () => {
    const held = gate();
    const client = await head(await start(async () => await held.promise));
    expect(client.status).toBe(200);
    expect(client.headers["content-type"]).toBe("text/event-stream");
    expect(client.headers["cache-control"]).toBe("no-cache, no-transform");
    expect(client.headers["x-accel-buffering"]).toBe("no");
    expect(client.headers["content-encoding"]).toBeUndefined();
    await waitFor(() => client.stream.frames.length > 0, { what: "the opening comment" });
    expect(client.over).toBe(false);
    held.open();
    await over(client);
  });

  test("F30: the head carries no connection header", async () => {
    const client = await over(await start(() => {}));
    expect(client.headers).not.toHaveProperty("connection");
    expect(client.headers).not.toHaveProperty("keep-alive");
    expect(client.headers).not.toHaveProperty("content-length");
    if (name === "HTTP/2") expect(client.headers).not.toHaveProperty("transfer-encoding");
  });

  test("the first thing in the body is a comment that tells the keep-alive period", async () => {
    for (const [path, period] of [
      ["/api/wire/go", "15000"],
      ["/api/wire/paced", "7321"],
    ] as const) {
      const client = await over(await start((sse) => sse.publish("text", "a"), path));
      const [opening] = client.stream.frames;
      expect(opening!.raw).toMatch(/^:[^\n\r]*\n\n$/);
      expect(opening!.raw).toContain(period);
    }
    const silent = await over(await start((sse) => sse.publish("text", "a"), "/api/wire/silent"));
    expect(silent.stream.frames[0]!.raw).toMatch(/^:[^\n\r\d]*\n\n$/);
  });

  test("an event is its name and its data as JSON on one line, byte for byte", async () => {
    const client = await over(
      await start((sse) => {
        sse.publish("text", "Hello");
        sse.publish("note", { a: [1, null, "two\nlines"], b: { c: true } });
        sse.publish("ünï", 1);
        sse.publish("odd:name  x", "y");
      }),
    );
    const { afterOpening } = client.stream;
    const end = client.stream.frames.at(-1)!.raw;
    expect(afterOpening.slice(0, -end.length)).toBe(
      'event: text\ndata: "Hello"\n\n' +
        'event: note\ndata: {"a":[1,null,"two\\nlines"],"b":{"c":true}}\n\n' +
        "event: ünï\ndata: 1\n\n" +
        'event: odd:name  x\ndata: "y"\n\n',
    );
    expect(client.stream.names).toEqual(["text", "note", "ünï", "odd:name  x", "end"]);
  });

  test("an id stands before the name, and a numeric one is written in digits", async () => {
    const client = await over(
      await start((sse) => {
        sse.publish("text", "a", { id: "first" });
        sse.publish("text", "b", { id: 2 });
        sse.publish("text", "c");
      }),
    );
    expect(client.stream.text).toContain('id: first\nevent: text\ndata: "a"\n\n');
    expect(client.stream.text).toContain('id: 2\nevent: text\ndata: "b"\n\n');
    expect(client.stream.events.slice(0, 3).map((event) => event.lastEventId)).toEqual(["first", "2", "2"]);
  });

  test("F19: no event has an id that nobody gave", async () => {
    const client = await over(
      await start((sse) => {
        for (let each = 0; each < 5; each++) sse.publish("text", "a");
      }),
    );
    const framesWithId = client.stream.frames.filter((frame) =>
      frame.fields.some((field) => field.name === "id"),
    );
    expect(framesWithId).toEqual([client.stream.frames.at(-1)]);
  });

  test("a reconnection time reaches the client, from the event's options and from the endpoint's", async () => {
    const perEvent = await over(await start((sse) => sse.publish("text", "a", { retry: 1_234 })));
    expect(perEvent.stream.retry).toBe(1_234);
    expect(perEvent.stream.dataOf("text")).toEqual(["a"]);
    const perEndpoint = await over(await start((sse) => sse.publish("text", "a"), "/api/wire/patient"));
    expect(perEndpoint.stream.retry).toBe(4_567);
    expect((await over(await start((sse) => sse.publish("text", "a")))).stream.retry).toBeUndefined();
  });

  test("end sends its id, its event and END as the last bytes, and finishes the body", async () => {
    const client = await over(await start((sse) => sse.publish("text", "a")));
    expect(client.stream.text).toMatch(/\n\nid: [^\r\n]+\nevent: end\ndata: END\n\n$/);
    expect(client.finished).toBe(true);
  });

  test("a generator that returns without end is ended the same way", async () => {
    run = async function* (ctx) {
      ctx.createSSE().publish("text", "a");
    };
    const { open } = await serve({ models: [WireModel] });
    const client = await over(open("/api/wire/go"));
    expect(client.stream.text).toMatch(/\n\nid: [^\r\n]+\nevent: end\ndata: END\n\n$/);
    expect(client.finished).toBe(true);
  });

  test("a handler that never creates a connection nor yields is ended the same way", async () => {
    run = async function* () {};
    const { open } = await serve({ models: [WireModel] });
    const client = await over(open("/api/wire/go"));
    expect(client.status).toBe(200);
    expect(client.stream.names).toEqual(["end"]);
  });

  test("end may be called any number of times and sends one end", async () => {
    const client = await over(
      await start(async (sse) => {
        const ends = [sse.end(), sse.end()];
        await Promise.all(ends);
        await sse.end();
        caught.push(sse.publish("text", "late"), sse.closed);
      }),
    );
    expect(client.stream.names).toEqual(["end"]);
    expect(caught).toEqual([false, true]);
  });

  test("the values that leave are the parsed ones: defaults in, unknown keys out, dates and bigints as text", async () => {
    const client = await over(
      await start((sse) => {
        sse.publish("row", {
          at: new Date(Date.UTC(2026, 0, 2, 3, 4, 5, 678)),
          big: 12345678901234567890n,
          kept: "k",
          dropped: "secret",
          nested: { when: new Date(0), hidden: 1 },
          list: [1n, -2n],
        });
        sse.publish("plain", 1.5);
        sse.publish("trimmed", "  x  ");
      }, "/api/wire/parsed"),
    );
    expect(caught).toEqual([]);
    expect(client.stream.dataOf("row")).toEqual([
      {
        at: "2026-01-02T03:04:05.678Z",
        big: "12345678901234567890",
        kept: "k",
        filled: "by default",
        nested: { when: "1970-01-01T00:00:00.000Z" },
        list: ["1", "-2"],
      },
    ]);
    expect(client.stream.dataOf("plain")).toEqual([1.5]);
    expect(client.stream.dataOf("trimmed")).toEqual(["x"]);
    expect(client.stream.text).not.toContain("secret");
  });

  for (const [what, text] of Object.entries(HOSTILE)) {
    test(`F35: ${what} in data arrives as it was sent and breaks no frame`, async () => {
      const client = await over(
        await start((sse) => {
          sse.publish("text", `<${text}>`);
          sse.publish("note", { [`key${text}`]: text });
          sse.publish("text", "after");
        }),
      );
      expect(client.stream.names).toEqual(["text", "note", "text", "end"]);
      expect(client.stream.dataOf("text")).toEqual([`<${text}>`, "after"]);
      expect(client.stream.dataOf("note")).toEqual([{ [`key${text}`]: text }]);
      for (const frame of client.stream.frames.slice(1, 4)) expect(frame.fields).toHaveLength(2);
    });

    test(`F35: ${what} in an id or a comment injects nothing`, async () => {
      const client = await over(
        await start(async (sse) => {
          for (const act of [
            () => sse.publish("text", "a", { id: `x${text}` }),
            () => sse.comment(`c${text}c`),
            () => sse.comment(text),
          ]) {
            try {
              await act();
            } catch (error) {
              caught.push(error);
            }
          }
          sse.publish("text", "after");
        }),
      );
      for (const error of caught) expect(error).toBeInstanceOf(EventValidationError);
      expect(client.stream.dataOf("text").at(-1)).toBe("after");
      // Nothing but what was asked for: at most the event whose id was taken, and it with that id.
      expect(client.stream.names.filter((each) => each !== "text")).toEqual(["end"]);
      expect(client.stream.dataOf("text").length + caught.length).toBe(2);
      if (caught.length === 0) expect(client.stream.events[0]!.lastEventId).toBe(`x${text}`);
      expect(isUtf8(client.body)).toBe(true);
    });
  }

  for (const what of ["LF", "CR", "CRLF", "NUL", "a frame", "a frame with CR"] as const) {
    test(`F35: ${what} in an id is refused with the reason, and nothing is sent`, async () => {
      const client = await over(await start((sse) => sse.publish("text", "a", { id: `x${HOSTILE[what]}y` })));
      expect(caught).toEqual([expect.any(EventValidationError)]);
      expect(client.stream.names).toEqual(["end"]);
    });
  }

  test("F35: a name that is not in events is refused, whatever it holds", async () => {
    for (const bad of [
      "other",
      "text\ndata: 1\n\n",
      "text\r",
      "",
      "end",
      "gap",
      "__proto__",
      "constructor",
      "toString",
    ]) {
      caught = [];
      const client = await over(await start((sse) => sse.publish(bad, "a")));
      expect(caught, bad).toEqual([expect.any(EventValidationError)]);
      expect(client.stream.names).toEqual(["end"]);
    }
  });

  test("F35: a reconnection time that is no whole number of milliseconds is refused", async () => {
    for (const bad of [-1, 1.5, Number.NaN, Infinity, "5\nevent: text\ndata: 1\n\n", "5"]) {
      caught = [];
      const client = await over(await start((sse) => sse.publish("text", "a", { retry: bad as number })));
      expect(caught, String(bad)).toEqual([expect.any(EventValidationError)]);
      expect(client.stream.names).toEqual(["end"]);
      expect(client.stream.retry).toBeUndefined();
    }
  });

  test("F33: thousands of events of every size arrive complete, once and in order", async () => {
    const sizes = [0, 1, 100, 1_000, 20_000];
    const count = 2_000;
    const sent: string[] = [];
    const client = await start(async (sse) => {
      for (let each = 0; each < count; each++) {
        const text = `${each}:${"ä€😀x".repeat(sizes[each % sizes.length]! / 4)}`;
        sent.push(`event: text\ndata: ${JSON.stringify(text)}\n\n`);
        sse.publish("text", text);
        if (each % 7 === 0) await sse.flush();
      }
    });
    await waitFor(() => client.over, { what: "the end", boundMs: 25_000 });
    const end = client.stream.frames.at(-1)!.raw;
    expect(client.stream.afterOpening.slice(0, -end.length) === sent.join("")).toBe(true);
  });

  test("what is yielded is sent, in all three shapes", async () => {
    run = async function* (ctx) {
      const sse: any = ctx.createSSE();
      yield sse.event("text", "typed");
      yield { event: "text", data: "object", id: "7" };
      yield ["text", "pair"];
      sse.publish("text", "published");
      yield ["note", 1];
    };
    const { open } = await serve({ models: [WireModel] });
    const client = await over(open("/api/wire/go"));
    expect(client.stream.dataOf("text")).toEqual(["typed", "object", "pair", "published"]);
    expect(client.stream.events.map((event) => event.lastEventId).slice(0, 3)).toEqual(["", "7", "7"]);
    expect(client.stream.names.slice(-2)).toEqual(["note", "end"]);
  });

  test("sleep lasts as long as it is asked to, beyond what a timer of Node can count", async () => {
    for (const ms of [2 ** 31, 1e12, Infinity]) {
      const awake: number[] = [];
      const client = await start(async (sse) => {
        void sse.sleep(ms).then(() => awake.push(ms));
        await sse.sleep(5);
        sse.publish("note", awake);
      });
      expect((await over(client)).stream.dataOf("note")).toEqual([[]]);
    }
  });

  test("events are yielded without ever calling createSSE", async () => {
    run = async function* () {
      yield ["text", "a"];
      yield { event: "text", data: "b" };
    };
    const { open } = await serve({ models: [WireModel] });
    const client = await over(open("/api/wire/go"));
    expect(client.stream.dataOf("text")).toEqual(["a", "b"]);
  });

  test("data without a JSON form is refused, and nothing is sent", async () => {
    const cyclic: Record<string, unknown> = {};
    cyclic.self = cyclic;
    const unwilling = {
      toJSON() {
        throw new Error("no");
      },
    };
    for (const data of [cyclic, [cyclic], unwilling]) {
      caught = [];
      const client = await over(await start((sse) => sse.publish("note", data)));
      expect(caught).toEqual([expect.any(EventValidationError)]);
      expect(client.stream.names).toEqual(["end"]);
    }
  });

  test("undefined, which JSON has not, is sent as null", async () => {
    const client = await over(await start((sse) => sse.publish("note", undefined)));
    expect(client.stream.dataOf("note")).toEqual([null]);
  });

  test("values that JSON knows no word for become what JSON makes of them", async () => {
    const client = await over(
      await start((sse) =>
        sse.publish("note", [Number.NaN, Infinity, -0, undefined, new Date(Number.NaN), null, 1e21]),
      ),
    );
    expect(client.stream.dataOf("note")).toEqual([[null, null, 0, null, null, null, 1e21]]);
  });

  test("an empty id is sent as such and takes the last one back", async () => {
    const client = await over(
      await start((sse) => {
        sse.publish("text", "a", { id: "one" });
        sse.publish("text", "b", { id: "" });
        sse.publish("text", "c", { id: 0 });
      }),
    );
    expect(client.stream.events.slice(0, 3).map((event) => event.lastEventId)).toEqual(["one", "", "0"]);
  });

  test("comments reach the wire as comments, each line of theirs", async () => {
    const client = await over(await start((sse) => sse.comment("one\ntwo\r\nthree\rfour")));
    expect(client.stream.comments.slice(1).map((each) => each.trim())).toEqual([
      "one",
      "two",
      "three",
      "four",
    ]);
    expect(client.stream.names).toEqual(["end"]);
  });

  test("createSSE with a schema that names other events is refused before the head", async () => {
    run = async function* (ctx) {
      ctx.createSSE(z.object({ stranger: z.string() }));
    };
    const { ask } = await serve({ models: [WireModel] });
    const { status, text } = await ask("/api/wire/go");
    expect(status).toBe(500);
    expect(text).not.toContain("stranger");
  });

  test("the schema of the decorator counts, not the one given to createSSE", async () => {
    run = async function* (ctx) {
      const sse: any = ctx.createSSE(z.object({ plain: z.any() }));
      try {
        sse.publish("plain", "no number");
      } catch (error) {
        caught.push(error);
      }
      await sse.end();
    };
    const { open } = await serve({ models: [WireModel] });
    const client = await over(open("/api/wire/parsed"));
    expect(caught).toEqual([expect.any(EventValidationError)]);
    expect(client.stream.names).toEqual(["end"]);
  });
});

test("the head, its comment and the first events leave in one write", async () => {
  const held = gate();
  run = acting(async (sse) => {
    sse.publish("text", "a");
    sse.publish("text", "b");
    await held.promise;
  });
  const { open } = await http1.serve({ models: [WireModel] });
  const client = open("/api/wire/go");
  await events(client, 2);
  expect(client.pieces).toHaveLength(1);
  held.open();
  await over(client);
});

test("publishes of one tick leave in one write", async () => {
  const [first, second] = [gate(), gate()];
  run = acting(async (sse) => {
    await first.promise;
    for (const text of ["a", "b", "c"]) sse.publish("text", text);
    await Promise.resolve();
    sse.publish("text", "d");
    await second.promise;
    sse.publish("text", "e");
  });
  const { open } = await http1.serve({ models: [WireModel] });
  const client = await head(open("/api/wire/go"));
  await turns();
  first.open();
  await events(client, 4);
  expect(client.pieces.map((piece) => piece.toString())).toContain(
    ["a", "b", "c", "d"].map((text) => `event: text\ndata: "${text}"\n\n`).join(""),
  );
  second.open();
  await over(client);
});

test("the response says connection: close only where the request asked for it", async () => {
  run = acting(() => {});
  const { open } = await http1.serve({ models: [WireModel] });
  const client = await over(open({ path: "/api/wire/go", headers: { connection: "close" } }));
  expect(client.headers["connection"]).toBe("close");
});
