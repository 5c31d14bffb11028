// tRPC: subscriptions over Server-Sent Events, generators for both; the fan-out by an EventEmitter, as its
// documentation has it. There are no event names.

import { EventEmitter, on } from "node:events";
import { initTRPC, tracked } from "@trpc/server";
import { createHTTPServer } from "@trpc/server/adapters/standalone";

import { tokens, type Position } from "../event.ts";
import type { Progress } from "../servers/bench-server.ts";
import { serve } from "../servers/serve.ts";
import { listenOn } from "./http-listen.ts";

const progress: Progress = { offered: 0 };
const emitter = new EventEmitter();
emitter.setMaxListeners(0);

const { procedure, router } = initTRPC.create();

const app = router({
  fanOut: procedure.subscription(async function* ({ signal }) {
    for await (const [event] of on(emitter, "position", { signal: signal as AbortSignal })) {
      yield tracked(String((event as Position).n), event as Position);
    }
  }),
  pull: procedure
    .input((value) => value as { count: number; bytes: number })
    .subscription(async function* ({ input }) {
      for await (const token of tokens(input.count, input.bytes, (n) => (progress.offered = n))) {
        yield tracked(String(token.n), token);
      }
    }),
});

serve(
  {
    listen: () =>
      listenOn(createHTTPServer({ router: app }), {
        fanOut: () => "/fanOut",
        pull: (count, bytes) => `/pull?input=${encodeURIComponent(JSON.stringify({ count, bytes }))}`,
      }),
    publish: (event) => void emitter.emit("position", event),
  },
  progress,
);
