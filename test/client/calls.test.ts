// What a call of a JSON endpoint gives.
import { ConnectionError, ResponseError } from "pinestream/client";
import { describe, expect, test } from "vitest";
import { gate } from "../helpers/gate.ts";
import { createApi } from "./fake-fetch.ts";
import { MisbehavingServer, write } from "./misbehaving-server.ts";

describe("calls", () => {
  const answer = (body: ConstructorParameters<typeof Response>[0], init: ResponseInit = {}) =>
    createApi({ fetch: async () => new Response(body, init) }).ask();

  test("give what the media type says", async () => {
    expect(
      await answer('{"a":1}', { headers: { "content-type": "application/json; charset=utf-8" } }),
    ).toEqual({
      a: 1,
    });
    expect(await answer('"x"', { headers: { "content-type": "application/problem+json" } })).toBe("x");
    expect(await answer("a,b", { headers: { "content-type": "text/csv" } })).toBe("a,b");
    expect(await answer(null, { status: 204 })).toBeUndefined();
    const blob = await answer(new Uint8Array([1, 2]), { headers: { "content-type": "image/png" } });
    expect(blob).toBeInstanceOf(Blob);
  });

  test("reject with typed errors, and an abort's reason", async () => {
    await expect(answer("<html>", { headers: { "content-type": "application/json" } })).rejects.toThrow(
      'POST /ask: the answer is no JSON: "<html>"',
    );
    const failed: ResponseError = await answer("oops", { status: 500, statusText: "Broken" }).then(
      () => expect.unreachable(),
      (error: ResponseError) => error,
    );
    expect(failed).toBeInstanceOf(ResponseError);
    expect(failed).toMatchObject({
      status: 500,
      body: "oops",
      message: "POST /ask: 500 Broken",
      statusCode: undefined,
    });
    const cause = new TypeError("refused");
    const { ask } = createApi({ fetch: () => Promise.reject(cause) });
    await expect(ask()).rejects.toMatchObject({ code: "PINE_CLIENT_CONNECTION", cause });
    const reason = new Error("changed my mind");
    await expect(ask({}, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
  });

  /** Has a server answer with a part of a body, and tells when the client has its head. */
  const answerInPart = async (type: string) => {
    const [head, end] = [gate(), gate()];
    const server = await MisbehavingServer.start();
    server.script("/api/ask", async (response) => {
      response.writeHead(200, { "content-type": type, "content-length": "100" });
      await write(response, "{");
      await end.promise;
      response.destroy();
    });
    const { ask } = createApi({
      baseUrl: server.origin,
      fetch: async (...args) => {
        const response = await fetch(...args);
        head.open();
        return response;
      },
    });
    return { ask, head: head.promise, breakOff: end.open };
  };

  describe.each(["application/json", "text/plain", "image/png"])("whose answer is %s", (type) => {
    test("reject with a ConnectionError when it breaks off", async () => {
      const { ask, head, breakOff } = await answerInPart(type);
      const answered = expect(ask()).rejects;
      await head;
      breakOff();
      await answered.toThrow(ConnectionError);
    });

    test("reject with an abort's reason when it comes in the midst of it", async () => {
      const { ask, head } = await answerInPart(type);
      const controller = new AbortController();
      const reason = new Error("changed my mind");
      const answered = expect(ask({}, { signal: controller.signal })).rejects;
      await head;
      controller.abort(reason);
      await answered.toBe(reason);
    });
  });
});
