// Clients of HTTP/2 that give a stream up in a way that Node.js does not tell as a close.
import dns from "node:dns";
import { connect, constants } from "node:http2";
import type { AddressInfo } from "node:net";
import type { FastifyInstance } from "fastify";
import { BaseModel, createServer, stream, z, type Context } from "pinestream";
import { expect, onTestFinished, test, vi } from "vitest";
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

/** Opens twenty streams at an address, each reset so many ms later, and waits until the server has noticed. */
async function expectToLeave(app: FastifyInstance, address: string, delayMs: (index: number) => number) {
  const session = connect(address);
  onTestFinished(() => session.destroy());
  let closed = 0;
  for (let index = 0; index < 20; index++) {
    const request = session.request({ ":path": "/api/tick/ticks" });
    request.on("error", () => {}).on("close", () => closed++);
    request.resume();
    // What `close()` of Node.js's own client sends by default.
    setTimeout(() => request.close(constants.NGHTTP2_NO_ERROR), delayMs(index));
  }
  await waitFor(() => closed === 20, { what: "the end of the client's streams" });
  await waitFor(() => running === 0 && app.streams.list().length === 0, {
    what: () => `the end at ${address}; ${running} handlers run, ${app.streams.list().length} are listed`,
    boundMs: 5_000,
  });
}

test.each([0, 1, 3, 10, 40])(
  "a client that resets its stream with NO_ERROR has left (after %i ms)",
  async (ms) => {
    const { app, port } = await http2.serve({ models: TickModel });
    await expectToLeave(app, `http://127.0.0.1:${port}`, () => ms);
  },
);

test("so it has on each address that localhost stands for", async () => {
  const { lookup } = dns;
  // Not every machine has IPv6.
  const addresses = [
    { address: "127.0.0.1", family: 4 },
    { address: "127.0.0.2", family: 4 },
  ];
  const spy = vi
    .spyOn(dns, "lookup")
    .mockImplementation(((
      host: string,
      options: dns.LookupAllOptions,
      done: (...results: unknown[]) => void,
    ) =>
      host === "localhost" && options.all ? done(null, addresses) : lookup(host, options, done)) as never);
  onTestFinished(() => spy.mockRestore());
  const app = await createServer({ models: TickModel, fastify: { http2: true }, shutdownTimeout: 500 });
  onTestFinished(() => app.close());
  await app.listen({ port: 0, host: "localhost" });
  const { port } = app.server.address() as AddressInfo;
  expect(app.addresses()).toHaveLength(2);
  for (const { address } of addresses)
    await expectToLeave(app, `http://${address}:${port}`, (index) => index);
});
