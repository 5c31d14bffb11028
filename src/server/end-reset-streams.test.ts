import { connect, constants } from "node:http2";
import Fastify from "fastify";
import { expect, onTestFinished, test } from "vitest";
import { waitFor } from "../../test/helpers/wait-for.ts";
import { endResetStreams } from "./end-reset-streams.ts";

/** Some are reset before their request has come, some after; what Node.js makes of them differs. */
const COUNT = 20;

test("streams of HTTP/2 that a client has reset with NO_ERROR are over, on any route", async () => {
  const app = Fastify({ http2: true });
  endResetStreams(app.server as never);
  let opened = 0;
  let closed = 0;
  app.get("/slow", (_request, reply) => {
    reply.hijack();
    opened++;
    reply.raw.on("close", () => closed++);
    reply.raw.writeHead(200);
    reply.raw.write("so far");
  });
  await app.listen({ port: 0, host: "127.0.0.1" });
  const { port } = app.addresses()[0] as { port: number };
  const session = connect(`http://127.0.0.1:${port}`);
  onTestFinished(() => {
    session.destroy();
    // Not awaited: it would wait for what was not ended.
    void app.close();
  });
  let ended = 0;
  for (let each = 0; each < COUNT; each++) {
    const request = session.request({ ":path": "/slow" });
    request.on("close", () => ended++);
    request.once("ready", () => setImmediate(() => request.close(constants.NGHTTP2_NO_ERROR)));
  }
  await waitFor(() => ended === COUNT && opened > 0, { what: "the end of the client's streams" });
  await waitFor(() => closed === opened, {
    what: () => `the close of ${opened} responses; ${closed} are`,
    boundMs: 5_000,
  });
  expect(opened).toBeGreaterThan(0);
});
