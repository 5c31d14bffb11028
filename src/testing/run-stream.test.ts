import { describe, expect, it } from "vitest";
import { z } from "zod";

import { api, stream } from "../endpoint/decorators.ts";
import { StreamClosedError } from "../errors/stream-errors.ts";
import type { Context } from "../runtime/context.ts";
import { runStream } from "./run-stream.ts";

const events = z.object({
  step: z.object({ at: z.date(), of: z.number() }),
  who: z.string(),
});

class FerryModel {
  log: string[] = [];

  @stream({ type: "sse", events, params: z.object({ steps: z.number(), name: z.string().optional() }) })
  async *streamSteps(steps: number, name: string | undefined, ctx: Context) {
    const sse = ctx.createSSE(events);
    sse.publish("who", name ?? ctx.optionalUser?.name ?? "nobody");
    for (let step = 1; step <= steps; step++) {
      sse.publish("step", { at: new Date(step), of: steps }, { id: step });
      await sse.sleep(1);
    }
  }

  @stream({ type: "sse", events })
  async *streamForever(ctx: Context) {
    const sse = ctx.createSSE();
    try {
      for (let round = 0; ; round++) {
        sse.publish("who", `${ctx.lastEventId ?? "start"} ${round}`);
        await new Promise((resolve) => setImmediate(resolve));
      }
    } catch (error) {
      this.log.push(error instanceof StreamClosedError ? "unwound" : "failed");
      throw error;
    } finally {
      this.log.push(`finally ${ctx.signal.reason}`);
    }
  }

  @stream({ type: "sse", events })
  async *streamContextFirst(ctx: Context, times: number) {
    for (let time = 0; time < times; time++) yield ctx.createSSE(events).event("who", `${time}`);
  }

  @stream({ type: "sse", events, params: z.object({ steps: z.number(), name: z.string().optional() }) })
  async *streamParams(_steps: number, _name: string | undefined, ctx: Context) {
    ctx.createSSE(events).publish("who", JSON.stringify(ctx.params));
  }

  @stream({ type: "sse", events, params: z.object({}) })
  async *streamFailure(ctx: Context) {
    ctx.createSSE(events).publish("who", "me");
    await Promise.resolve();
    throw new Error("the ferry sank");
  }

  @stream({ type: "sse", events, params: z.object({}) })
  async *streamBadEvent(ctx: Context) {
    ctx.createSSE().publish("step", { at: "noon" });
  }

  @api()
  async plain() {
    return 1;
  }
}

describe("runStream", () => {
  it("gives typed events with the values that were published, then undefined", async () => {
    const run = runStream(FerryModel, "streamSteps", { events, args: [2], user: { id: 1, name: "Ines" } });
    const [who, first] = await run.take(2);
    expect(who).toEqual({ event: "who", data: "Ines" });
    // The type narrows by the event's name.
    if (first?.event === "step") expect(first.data.at.getTime()).toBe(1);
    expect(first).toEqual({ event: "step", data: { at: new Date(1), of: 2 }, id: "1" });
    expect(await run.next()).toMatchObject({ id: "2" });
    expect(await run.next()).toBeUndefined();
    await run.done;
    expect(run.ended).toBe(true);
    expect(run.events).toHaveLength(3);
  });

  it("puts the arguments where the method takes them, the context wherever it stands", async () => {
    const named = runStream(FerryModel, "streamSteps", { args: [0, "Tove"] });
    expect(await named.take(9)).toEqual([{ event: "who", data: "Tove" }]);
    const first = runStream(new FerryModel(), "streamContextFirst", { events, args: [2] });
    expect((await first.take(9)).map(({ data }) => data)).toEqual(["0", "1"]);
  });

  it("has the arguments by their names in the context", async () => {
    const run = runStream(FerryModel, "streamParams", { events, args: [2] });
    expect(await run.next()).toEqual({ event: "who", data: '{"steps":2}' });
    await run.done;
  });

  it("unwinds an endless handler when it is closed, and waits for its finally", async () => {
    const model = new FerryModel();
    const run = runStream(model, "streamForever", { lastEventId: "e5" });
    expect((await run.next())?.data).toBe("e5 0");
    await run.close();
    await run.close();
    expect(model.log).toEqual(["unwound", "finally client"]);
    expect(run.reason).toBe("client");
  });

  it("is closed by leaving a for await, and by await using", async () => {
    const model = new FerryModel();
    for await (const { data } of runStream(model, "streamForever")) {
      expect(data).toBe("start 0");
      break;
    }
    const run = runStream(model, "streamForever");
    await run.next();
    await run[Symbol.asyncDispose]();
    expect(model.log).toEqual(["unwound", "finally client", "unwound", "finally client"]);
  });

  it("rejects with what the handler has thrown, after the events before it", async () => {
    const run = runStream(FerryModel, "streamFailure");
    expect(await run.next()).toEqual({ event: "who", data: "me" });
    await expect(run.next()).rejects.toThrow("the ferry sank");
    await expect(run.done).rejects.toThrow("the ferry sank");
    expect(run.ended).toBe(false);
  });

  it("rejects with the validation error of a wrong event", async () => {
    const run = runStream(FerryModel, "streamBadEvent");
    await expect(run.done).rejects.toMatchObject({ code: "PINE_EVENT_INVALID", event: "step" });
  });

  it("refuses what is no stream, and suggests what is meant", () => {
    const model = new FerryModel() as unknown as { streamStep: FerryModel["streamSteps"] };
    expect(() => runStream(model, "streamStep")).toThrow(/Did you mean "streamSteps"\?/);
    expect(() => runStream(new FerryModel(), "plain" as never)).toThrow(/FerryModel\.plain: is no stream/);
  });

  it("says when there are more arguments than the method takes", async () => {
    const run = runStream(FerryModel, "streamSteps", { args: [1, "a", 3] as never });
    await expect(run.done).rejects.toThrow(/takes 2 arguments beside the context \(steps, name\)/);
  });
});
