import { afterEach, describe, expect, it, vi } from "vitest";
import { z } from "zod";

import { EventValidationError } from "../errors/stream-errors.ts";
import { EventCodec } from "../schema/event-codec.ts";
import type { ConnectionSettings } from "./settings.ts";
import { StreamConnection, type ConnectionHost } from "./stream-connection.ts";
import type { FrameBatch } from "../delivery/frame-batch.ts";
import type { Transport, TransportOwner } from "./transport.ts";

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

const events = z.object({
  tide: z.object({ height: z.number() }),
  note: z.string().default("calm"),
});

/** A client whose reading the test decides on. */
class HeldTransport implements Transport {
  owner: TransportOwner | undefined;
  writes: string[] = [];
  chunks: Buffer[] = [];
  pendingBytes = 0;
  isHeld = false;
  ended = false;
  destroyed = false;
  inFlightBytes = 0;

  get needsDrain(): boolean {
    return this.pendingBytes >= 16_384;
  }

  attach(owner: TransportOwner): void {
    this.owner = owner;
  }

  write(chunk: string | Buffer): void {
    this.writes.push(String(chunk));
    this.chunks.push(Buffer.from(chunk));
    if (this.isHeld) this.pendingBytes += Buffer.byteLength(chunk);
  }

  writeBatch({ bytes }: FrameBatch): void {
    this.write(bytes);
  }

  watchSent(): void {}

  release(): void {
    this.isHeld = false;
    this.pendingBytes = 0;
    this.owner?.onDrain();
    this.owner?.onSent();
  }

  end(onFlushed: () => void): void {
    this.ended = true;
    if (!this.isHeld) onFlushed();
  }

  destroy(): void {
    this.destroyed = true;
  }
}

function connect(options: Partial<ConnectionSettings> = {}) {
  const transport = new HeldTransport();
  const log = {
    warn: vi.fn<(fields: object, message: string) => void>(),
    error: vi.fn<ConnectionHost["log"]["error"]>(),
  };
  const closed: string[] = [];
  let finished = 0;
  const host: ConnectionHost = {
    log,
    commitHead: () => connection.attach(transport),
    onClosed: (reason) => closed.push(reason),
    onFinished: () => finished++,
  };
  const settings: ConnectionSettings = {
    endpoint: "HarbourModel.watch",
    codec: new EventCodec("HarbourModel.watch", events),
    pipe: async () => {},
    keepAliveMs: false,
    retryMs: undefined,
    maxBufferedBytes: 1_048_576,
    overflow: "close",
    stallTimeoutMs: 30_000,
    ...options,
  };
  const connection = new StreamConnection(settings, host, undefined);
  open.push(connection);
  return { connection, transport, log, closed, finished: () => finished };
}

const open: StreamConnection[] = [];
afterEach(() => {
  for (const connection of open.splice(0)) {
    connection.gone();
    connection.unwinder.disarm();
  }
});

describe("StreamConnection", () => {
  it("sends the head and what one turn publishes in one write", async () => {
    const { connection, transport } = connect({ retryMs: 2_500 });
    connection.open(events);
    connection.publish("tide", { height: 1 });
    connection.publish("tide", { height: 2, extra: true } as { height: number }, { id: 7, retry: 10 });
    expect(transport.writes).toEqual([]);
    await turn();
    expect(transport.writes).toEqual([
      ": keep-alive off\n\nretry: 2500\n\n" +
        'event: tide\ndata: {"height":1}\n\n' +
        'id: 7\nretry: 10\nevent: tide\ndata: {"height":2}\n\n',
    ]);
  });

  it("ends with the end frame, once, and resolves when it is flushed", async () => {
    const { connection, transport, closed, finished } = connect();
    connection.open();
    connection.publish("note", undefined, { id: "n1" });
    const ends = [connection.end(), connection.end()];
    expect(connection.closed).toBe(true);
    expect(connection.publish("note", "late")).toBe(false);
    await Promise.all(ends);
    await connection.end();
    expect(transport.writes.join("")).toMatch(
      /event: note\ndata: "calm"\n\nid: ~end\.[0-9a-z]+\.n1\nevent: end\ndata: END\n\n$/,
    );
    expect(closed).toEqual(["ended"]);
    expect(finished()).toBe(1);
    expect(connection.signal.reason).toBe("ended");
  });

  it("logs an event that does not fit outside of the handler, and sends nothing of it", async () => {
    const { connection, transport, log } = connect();
    connection.open();
    expect(connection.publish("tide", { height: "high" } as never)).toBe(false);
    expect(connection.publish("tyde" as "tide", { height: 1 })).toBe(false);
    expect(connection.publish("tide", { height: 1 }, { id: "a\nb" })).toBe(false);
    expect(connection.publish("tide", { height: 1 }, { retry: 1.5 })).toBe(false);
    await turn();
    expect(transport.writes).toEqual([": keep-alive off\n\n"]);
    expect(log.error).toHaveBeenCalledTimes(4);
    const errors = log.error.mock.calls.map(([fields]) => (fields as { err: EventValidationError }).err);
    expect(errors[0]?.issues[0]?.path).toEqual(["height"]);
    expect(errors[1]?.message).toContain('Did you mean "tide"?');
  });

  it("refuses in createSSE an event that the decorator does not declare", () => {
    const { connection } = connect();
    expect(() => connection.open(z.object({ tides: z.number() }))).toThrow(EventValidationError);
  });

  it("disconnects a client that is too slow, but takes any event on an empty buffer", async () => {
    const { connection, transport, closed } = connect({ maxBufferedBytes: 1_000 });
    connection.open();
    await turn();
    transport.isHeld = true;
    expect(connection.publish("note", "x".repeat(5_000))).toBe(true);
    await turn();
    expect(connection.publish("note", "y")).toBe(false);
    expect(closed).toEqual(["overflow"]);
    expect(transport.destroyed).toBe(true);
  });

  it("drops the oldest unsent events under the drop policy, whole, and never exceeds the bound", async () => {
    const { connection, transport, log } = connect({ maxBufferedBytes: 40_000, overflow: "drop" });
    connection.open();
    await turn();
    transport.isHeld = true;
    for (let round = 0; round < 100; round++) {
      expect(connection.publish("note", `${round}:${"z".repeat(2_000)}`)).toBe(true);
      if (round % 10 === 0) await turn();
      expect(connection.bufferedBytes).toBeLessThanOrEqual(40_000);
    }
    transport.release();
    await turn();
    await turn();
    const rounds = [...transport.writes.join("").matchAll(/data: "(\d+):z+"\n\n/g)].map(([, round]) =>
      Number(round),
    );
    expect(rounds.at(-1)).toBe(99);
    expect(rounds.length).toBeLessThan(30);
    expect(rounds).toEqual(rounds.toSorted((left, right) => left - right));
    expect(log.warn).toHaveBeenCalledTimes(1);
  });

  it("settles flush and sleep when the client leaves", async () => {
    const { connection, transport } = connect();
    connection.open();
    await turn();
    transport.isHeld = true;
    connection.publish("note", "x".repeat(100_000));
    await turn();
    const waits = Promise.all([connection.flush(), connection.sleep(1_000_000)]);
    connection.gone();
    await waits;
    expect(connection.signal.reason).toBe("client");
  });

  it("resolves flush when the client has caught up", async () => {
    const { connection, transport } = connect();
    connection.open();
    await turn();
    transport.isHeld = true;
    connection.publish("note", "x".repeat(100_000));
    await turn();
    let flushed = false;
    const wait = connection.flush().then(() => (flushed = true));
    await turn();
    expect(flushed).toBe(false);
    transport.release();
    await wait;
  });

  it("resolves a wait for less than Node's own mark, for which no drain comes", async () => {
    const { connection, transport } = connect({ maxBufferedBytes: 8_000 });
    connection.open();
    await turn();
    transport.isHeld = true;
    connection.publish("note", "x".repeat(5_000));
    const flushed = connection.flush();
    await turn();
    transport.release();
    await flushed;
    expect(connection.bufferedBytes).toBe(0);
  });

  it("writes a large event in pieces, whole and in order", async () => {
    const { connection, transport } = connect();
    connection.open();
    const data = "äö€😀".repeat(30_000);
    connection.publish("note", data);
    connection.publish("note", "after");
    await connection.flush();
    const sizes = transport.writes.map((text) => text.length);
    expect(Math.max(...sizes)).toBeLessThanOrEqual(70_000);
    expect(Buffer.concat(transport.chunks).toString()).toContain(
      `data: "${data}"\n\nevent: note\ndata: "after"\n\n`,
    );
  });

  it("closes a stalled client, also one that stalls at its end", async () => {
    for (const ends of [false, true]) {
      const { connection, transport, closed, finished } = connect({ stallTimeoutMs: 20 });
      connection.open();
      await turn();
      transport.isHeld = true;
      connection.publish("note", "x".repeat(20_000));
      await turn();
      if (ends) await connection.end();
      else await vi.waitFor(() => expect(closed).toEqual(["stalled"]));
      expect(transport.destroyed).toBe(true);
      expect(finished()).toBe(1);
    }
  });

  it("does not take a slow client for a stalled one", async () => {
    const { connection, transport, closed } = connect({ stallTimeoutMs: 20 });
    connection.open();
    await turn();
    transport.isHeld = true;
    transport.inFlightBytes = Number.MAX_SAFE_INTEGER;
    connection.publish("note", "x".repeat(20_000));
    await turn();
    const until = performance.now() + 5 * 20;
    while (performance.now() < until) {
      transport.inFlightBytes--;
      await turn();
    }
    expect(closed).toEqual([]);
  });

  it("does not take what goes on being published for progress", async () => {
    const { connection, transport, closed } = connect({ stallTimeoutMs: 20 });
    connection.open();
    await turn();
    transport.isHeld = true;
    await vi.waitFor(() => {
      connection.publish("note", "small");
      expect(closed).toEqual(["stalled"]);
    });
  });

  it("keeps a silent stream awake, and one that speaks is left alone", async () => {
    const { connection, transport } = connect({ keepAliveMs: 10 });
    connection.open();
    await vi.waitFor(() =>
      expect(transport.writes.filter((text) => text === ":\n\n").length).toBeGreaterThan(1),
    );
    expect(transport.writes[0]).toBe(": keep-alive 10\n\n");
  });

  it("commits to nothing when it is abandoned before its head", async () => {
    const { connection, transport, finished } = connect();
    connection.open();
    connection.publish("note", "never");
    connection.abandon();
    await turn();
    expect(transport.writes).toEqual([]);
    expect(connection.committed).toBe(false);
    expect(finished()).toBe(1);
  });

  it("writes a farewell and finishes without an end event when the server closes it", async () => {
    const { connection, transport } = connect();
    connection.open();
    connection.publish("note", "last");
    connection.close("shutdown", 1_234);
    await connection.whenFinished();
    expect(transport.writes.join("")).toBe(
      ': keep-alive off\n\nevent: note\ndata: "last"\n\nretry: 1234\n\n',
    );
    expect(transport.ended).toBe(true);
  });
});
