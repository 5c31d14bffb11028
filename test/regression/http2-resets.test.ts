// Clients of HTTP/2 that give a stream up in a way that Node.js does not tell as a close.
import { connect, constants } from "node:http2";
import { BaseModel, stream, z, type Context } from "pinestream";
import { onTestFinished, test } from "vitest";
import { http2 } from "../helpers/transports.ts";
import { waitFor } from "../helpers/wait-for.ts";

let running = 0;
const shape = z.object({ tick: z.number() });

class TickModel extends BaseModel {
  @stream({ type: "sse", events: shape, params: z.object({}) })
  async *ticks(ctx: Context) {
    running++;
    try {
      const sse = ctx.createSSE(shape);
      for (let tick = 0; ; tick++) {
        sse.publish("tick", tick);
        await new Promise((resolve) => setTimeout(resolve, 2));
      }
    } finally {
      running--;
    }
  }
}

test.each([0, 1, 3, 10, 40])(
  "a client that resets its stream with NO_ERROR has left (after %i ms)",
  async (ms) => {
    const { app, port } = await http2.serve({ models: TickModel });
    const session = connect(`http://127.0.0.1:${port}`);
    onTestFinished(() => session.destroy());
    let closed = 0;
    for (let each = 0; each < 20; each++) {
      const request = session.request({ ":path": "/api/tick/ticks" });
      request.on("error", () => {}).on("close", () => closed++);
      request.resume();
      // What `close()` of Node.js's own client sends by default.
      setTimeout(() => request.close(constants.NGHTTP2_NO_ERROR), ms);
    }
    await waitFor(() => closed === 20, { what: "the end of the client's streams" });
    await waitFor(() => running === 0 && app.streams.list().length === 0, {
      what: () => `the end of all handlers; ${running} run, ${app.streams.list().length} are listed`,
      boundMs: 5_000,
    });
  },
);
