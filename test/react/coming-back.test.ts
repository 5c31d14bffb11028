// What a component gets that goes and comes back while others keep the connection.
import { createClient, type StreamMethod } from "pinestream/client";
import { expect, test } from "vitest";
import { Observer } from "../../src/react/observer.ts";
import { waitFor } from "../helpers/wait-for.ts";

test("what comes just when a component with a connection of its own goes is not lost to it", async () => {
  const asked: (string | null)[] = [];
  const streams: ReadableStreamDefaultController<Uint8Array>[] = [];
  const send = (index: number, id: number): void =>
    streams[index]?.enqueue(new TextEncoder().encode(`id: ${id}\nevent: tide\ndata: ${id}\n\n`));
  const api = createClient<{ harbour: { tides: StreamMethod<object, { tide: number }> } }>(
    { harbour: { tides: { kind: "stream", method: "GET", path: "/tides" } } },
    {
      baseUrl: "http://harbour.test",
      fetch: async (_address, init) => {
        asked.push(new Headers(init?.headers).get("last-event-id"));
        const body = new ReadableStream<Uint8Array>({ start: (controller) => void streams.push(controller) });
        return new Response(body, { headers: { "content-type": "text/event-stream" } });
      },
    },
  );
  const method = api.harbour.tides as never;
  const start = () => {
    const got: unknown[] = [];
    const observer = new Observer(method, "", undefined);
    observer.inputs = {
      params: {},
      options: {},
      reduce: (state, { data }) => {
        got.push(data);
        return state;
      },
    };
    return { got, source: observer.source("key") };
  };
  const gotten = (got: unknown[], count: number) => waitFor(() => got.length >= count, { what: `${count}` });

  const stays = start();
  const goes = start();
  const leaveForGood = stays.source.subscribe(() => {});
  let leave = goes.source.subscribe(() => {});
  await waitFor(() => streams.length === 1, { what: "a stream" });
  send(0, 1);
  await Promise.all([gotten(stays.got, 1), gotten(goes.got, 1)]);
  leave();
  send(0, 2);
  await gotten(stays.got, 2);
  leave = goes.source.subscribe(() => {});
  await waitFor(() => streams.length === 2, { what: "a stream of its own" });
  send(1, 2);
  await gotten(goes.got, 2);
  leave();
  // In the turn in which it has gone.
  send(0, 3);
  send(1, 3);
  for (let turn = 0; turn < 50; turn++) await undefined;
  leave = goes.source.subscribe(() => {});
  await waitFor(() => streams.length === 3, { what: "another stream of its own" });
  send(2, 3);
  send(2, 4);
  await waitFor(() => goes.got.includes(4), { what: "the fourth" });
  expect({ got: goes.got, asked }).toEqual({ got: [1, 2, 3, 4], asked: [null, "1", "2"] });
  leave();
  leaveForGood();
});
