// What must compile and what must not, for whoever declares streams. Checked by tsc alone, with standard
// decorators and with `experimentalDecorators`.

import {
  api,
  BaseModel,
  createServer,
  stream,
  z,
  type Context,
  type SSEConnection,
  type StreamEvent,
} from "pinestream";

const events = z.object({
  tide: z.object({ height: z.number(), at: z.date() }),
  warning: z.enum(["low", "high"]),
  note: z.string().default("calm"),
  calm: z.object({}),
});

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => {};

declare const ctx: Context;

// publish: the name, and the data that goes with it
const sse = ctx.createSSE(events);
same<typeof sse, SSEConnection<typeof events>>(true);
sse.publish("tide", { height: 1, at: new Date() });
sse.publish("warning", "low", { id: 7, retry: 1_000 });
sse.publish("note", undefined);
sse.publish("calm", {});
const accepted: boolean = sse.publish("note", "x", { id: "a" });
// @ts-expect-error no such event
sse.publish("tyde", { height: 1, at: new Date() });
// @ts-expect-error a field of the wrong type
sse.publish("tide", { height: "1", at: new Date() });
// @ts-expect-error a missing field
sse.publish("tide", { height: 1 });
// @ts-expect-error data of another event
sse.publish("warning", { height: 1, at: new Date() });
// @ts-expect-error an id has to be text or a number
sse.publish("warning", "low", { id: {} });

// event: the same rules
const warning = sse.event("warning", "high");
same<typeof warning.event, "warning">(true);
// @ts-expect-error no such event
sse.event("warnings", "high");
// @ts-expect-error data of the wrong type
sse.event("warning", "medium");

// without a schema any event passes the compiler
ctx.createSSE().publish("anything", { at: "all" });

// an application that registers no user gets `any`
const name: string = ctx.user.name;
const nobody: null = ctx.optionalUser as null;

class HarbourModel extends BaseModel {
  @stream({ type: "sse", events })
  @api({ compress: false })
  async *streamTides(_harbourId: number, context: Context) {
    context.createSSE(events);
  }

  @api({ guards: ["user"] })
  @stream({ type: "sse", events, httpMethod: "POST", keepAlive: false, retry: 500, overflow: "drop" })
  async *streamYields(context: Context): AsyncGenerator<StreamEvent<typeof events>> {
    yield { event: "warning", data: "low" };
    yield { event: "warning", data: "low", id: "1" };
    yield ["note", "x"];
    yield context.createSSE(events).event("calm", {});
    // @ts-expect-error no such event
    yield { event: "warnings", data: "low" };
    // @ts-expect-error data of another event
    yield { event: "warning", data: {} };
    // @ts-expect-error the same as a pair
    yield ["warning", 1];
  }

  // @ts-expect-error no generator
  @stream({ type: "sse", events })
  async streamNothing(_context: Context) {}

  // @ts-expect-error not asynchronous
  @stream({ type: "sse", events })
  *streamAtOnce(_context: Context) {}

  // @ts-expect-error no kind of stream but sse
  @stream({ type: "websocket", events })
  async *streamElsewhere(_context: Context) {}

  // @ts-expect-error events are missing
  @stream({ type: "sse" })
  async *streamBlindly(_context: Context) {}

  @api({ httpMethod: "POST" })
  async add(_title: string) {
    return { id: 1 };
  }

  // @ts-expect-error not asynchronous
  @api()
  addAtOnce() {
    return 1;
  }
}

void createServer({
  models: [HarbourModel, new HarbourModel(), "src/*.model.ts"],
  authenticate: async () => ({ user: { id: 1 }, expiresAt: new Date() }),
  guards: { harbourMaster: (context) => context.optionalUser !== null },
  overflow: "drop",
  keepAlive: false,
});
// @ts-expect-error no such policy
void createServer({ models: [HarbourModel], overflow: "queue" });

export { accepted, name, nobody };
