// Faults that a review has found in the client. Real server, Node's own fetch.
import {
  createClient,
  ConnectionError,
  type CallMethod,
  type ClientOptions,
  type StreamMethod,
} from "pinestream/client";
import { expect, test } from "vitest";
import { waitFor } from "../helpers/wait-for.ts";
import { MisbehavingServer, open } from "./misbehaving-server.ts";

const pause = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));

interface Api {
  test: { run: StreamMethod<object, { tick: number }>; ask: CallMethod<object, unknown> };
}

const start = async () => {
  const server = await MisbehavingServer.start();
  const api = (options: ClientOptions = {}) =>
    createClient<Api>(
      {
        test: {
          run: { kind: "stream", method: "GET", path: "/run" },
          ask: { kind: "call", method: "POST", path: "/ask" },
        },
      },
      { baseUrl: server.origin, prefix: "", retry: { interval: 1, maxInterval: 1 }, ...options },
    ).test;
  return { server, api };
};

test.each(["sync", "async"])(
  "a stream that is closed by its own headers function stays closed (%s)",
  async (how) => {
    const { server, api } = await start();
    let isOpen = false;
    server.script("/run", async (response) => {
      isOpen = true;
      response.on("close", () => (isOpen = false));
      await open(response, ": keep-alive 60000\n\nevent: tick\ndata: 1\n\n");
    });
    const controller = new AbortController();
    const close = () => {
      // Signed out: nothing is to be asked any more.
      controller.abort();
      return {};
    };
    const stream = api({ headers: how === "sync" ? close : async () => (await pause(1), close()) }).run(
      {},
      { signal: controller.signal },
    );
    const statuses: string[] = [];
    stream.onStatus((status) => statuses.push(status));
    stream.on("tick", () => {});
    await pause(500);
    expect({ status: stream.status, statuses, isOpen }).toEqual({
      status: "closed",
      statuses: ["closed"],
      isOpen: false,
    });
  },
);

test("the same at a reconnection", async () => {
  const { server, api } = await start();
  let count = 0;
  let isOpen = false;
  server.script(
    "/run",
    (response) =>
      void response
        .writeHead(200, { "content-type": "text/event-stream" })
        .end("id: 1\nevent: tick\ndata: 1\n\n"),
    async (response) => {
      isOpen = true;
      response.on("close", () => (isOpen = false));
      await open(response, ": keep-alive 60000\n\nid: 2\nevent: tick\ndata: 2\n\n");
    },
  );
  const stream = api({
    headers: () => {
      if (++count > 1) stream.close();
      return {};
    },
  }).run();
  stream.on("tick", () => {});
  expect(await stream.closed).toBe("closed");
  await pause(500);
  expect({ status: stream.status, isOpen }).toEqual({ status: "closed", isOpen: false });
});

test("a call whose answer breaks off rejects with a ConnectionError", async () => {
  const { server, api } = await start();
  server.script("/ask", async (response) => {
    response.writeHead(200, { "content-type": "application/json", "content-length": "100" });
    await new Promise<void>((resolve) => response.write('{"a":', () => resolve()));
    await pause(50);
    response.destroy();
  });
  const error = await api()
    .ask()
    .catch((error: unknown) => error);
  expect(error).toBeInstanceOf(ConnectionError);
});

test("a body that nobody will read is let go of, also where fetch takes no notice of signals (status handler closes)", async () => {
  const { api } = await start();
  let isCancelled = false;
  const fetch = async () =>
    new Response(new ReadableStream({ cancel: () => void (isCancelled = true) }), {
      headers: { "content-type": "text/event-stream" },
    });
  const stream = api({ fetch }).run();
  stream.onStatus((status) => status === "open" && stream.close());
  stream.on("tick", () => {});
  await stream.closed;
  await pause(100);
  expect(isCancelled).toBe(true);
});

test("a body of another media type is let go of, also where fetch takes no notice of signals", async () => {
  const { api } = await start();
  let isCancelled = false;
  const fetch = async () =>
    new Response(new ReadableStream({ cancel: () => void (isCancelled = true) }), {
      headers: { "content-type": "text/html" },
    });
  const stream = api({ fetch }).run();
  stream.on("tick", () => {});
  await stream.closed;
  await pause(100);
  expect(isCancelled).toBe(true);
});
void waitFor;
