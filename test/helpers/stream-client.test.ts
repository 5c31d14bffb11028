import { createServer, type RequestListener } from "node:http";
import { constants, createServer as createHTTP2Server, type Http2ServerResponse } from "node:http2";
import type { AddressInfo } from "node:net";
import { describe, expect, onTestFinished, test } from "vitest";
import { openHTTP2 } from "./http2-client.ts";
import { openRaw, RawConnection } from "./raw-client.ts";
import { answer, events, head, over } from "./stream-client.ts";
import { waitFor } from "./wait-for.ts";

const serve = async (handler: RequestListener) => {
  const server = createServer(handler);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => {
    server.closeAllConnections();
    server.close();
  });
  return server.address() as AddressInfo;
};

const serveHTTP2 = async (handler: RequestListener) => {
  const server = createHTTP2Server(handler as never);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  onTestFinished(() => void server.close());
  return server.address() as AddressInfo;
};

const stream: RequestListener = (_request, response) => {
  response.writeHead(200, { "content-type": "text/event-stream", "set-cookie": ["a=1", "b=2"] });
  response.write("data: 1\n\n");
  response.write("data: 2\n\n");
  response.on("close", () => closed.push("closed"));
};
let closed: string[] = [];

describe("the tests' own clients", () => {
  test("read a chunked stream as it comes and notice its end", async () => {
    const { port } = await serve((_request, response) => {
      stream(_request, response);
      response.end("data: 3\n\n");
    });
    const client = await over(openRaw({ port }));
    expect(client.finished).toBe(true);
    expect(client.stream.dataOf("message")).toEqual([1, 2, 3]);
    expect(client.pieces.length).toBeGreaterThan(1);
    expect(client.headers["set-cookie"]).toBe("a=1\nb=2");
  });

  test("tell a cut body from a finished one", async () => {
    const { port } = await serve((_request, response) => {
      stream(_request, response);
      setImmediate(() => response.destroy());
    });
    expect((await over(openRaw({ port }))).finished).toBe(false);
    const http2 = await serveHTTP2((_request, response) => {
      stream(_request, response);
      const { stream: http2 } = response as unknown as Http2ServerResponse;
      setImmediate(() => http2.close(constants.NGHTTP2_INTERNAL_ERROR));
    });
    expect((await over(openHTTP2(http2))).finished).toBe(false);
  });

  for (const way of ["leave", "reset"] as const) {
    test(`${way} is seen by the server, over HTTP/1.1 and HTTP/2`, async () => {
      closed = [];
      const raw = openRaw(await serve(stream));
      const http2 = openHTTP2(await serveHTTP2(stream));
      await Promise.all([events(raw, 2), events(http2, 2)]);
      raw[way]();
      http2[way]();
      await waitFor(() => closed.length === 2, { what: "both closes" });
    });
  }

  test("stall stops a writer that heeds back-pressure", async () => {
    for (const [make, open] of [
      [serve, openRaw],
      [serveHTTP2, openHTTP2],
    ] as const) {
      let refused = false;
      const { port } = await make((_request, response) => {
        response.writeHead(200);
        const fill = () => {
          while (!response.destroyed && response.write("x".repeat(65536)));
          refused = true;
        };
        fill();
        response.on("drain", fill);
      });
      const client = open({ port }, { stalled: true });
      await waitFor(() => refused, { what: "a write that is refused" });
      client.resume();
      await waitFor(() => client.body.length > 1_000_000, { what: "bytes after the stall" });
      client.leave();
    }
  });

  test("pipelined requests get their responses in order", async () => {
    const { port } = await serve((request, response) => response.end(JSON.stringify(request.url)));
    const connection = new RawConnection({ port });
    const responses = ["/a", "/b", "/c"].map((path) => connection.send({ path }));
    await waitFor(() => responses.every((each) => each.finished), { what: "three responses" });
    expect(responses.map((each) => each.body.toString())).toEqual(['"/a"', '"/b"', '"/c"']);
    connection.socket.destroy();
  });

  test("a trickled request arrives whole and a body is sent as JSON", async () => {
    const { port } = await serve((request, response) => {
      void request.toArray().then((pieces) => response.end(Buffer.concat(pieces)));
    });
    const connection = new RawConnection({ port });
    const response = await connection.trickle({ method: "POST", body: { a: "ü" } });
    expect((await answer(response)).text).toBe('{"a":"ü"}');
    connection.socket.destroy();
  });

  test("a half-closed client still reads", async () => {
    const { port } = await serve((_request, response) => response.end("late"));
    const client = openRaw({ port }, { headers: { connection: "close" } });
    client.halfClose();
    await head(client);
    expect((await answer(client)).text).toBe("late");
  });
});
