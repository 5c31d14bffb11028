// The same text stands in standard/ and legacy/, which differ in their tsconfig alone; the suite beside them
// checks that it does.
import { api, BaseModel, stream, z, type Context } from "pinestream";

const events = z.object({ tick: z.number() });
const params = z.object({ from: z.number() });

/** Which kind of decorators this file was compiled to, seen from the arguments of one. */
export let kind: "standard" | "legacy" | undefined;
class Probe {
  @((_target: any, context: any): any => {
    kind = typeof context === "object" ? "standard" : "legacy";
  })
  method() {}
}
void Probe;

export class OrderModel extends BaseModel {
  @stream({ type: "sse", events, params, description: "from stream" })
  @api({ httpMethod: "POST", path: "/stream-on-top", guards: ["watch"], compress: false })
  async *streamOnTop(from: number, ctx: Context) {
    ctx.createSSE(events).publish("tick", from);
    yield ["tick", from + 1] as const;
  }

  @api({ httpMethod: "POST", path: "/api-on-top", guards: ["watch"], compress: false })
  @stream({ type: "sse", events, params, description: "from stream" })
  async *apiOnTop(from: number, ctx: Context) {
    ctx.createSSE(events).publish("tick", from);
    yield ["tick", from + 1] as const;
  }

  @stream({ type: "sse", events, params, httpMethod: "POST", path: "/stream-alone", guards: ["watch"] })
  async *streamAlone(from: number, ctx: Context) {
    ctx.createSSE(events).publish("tick", from);
    yield ["tick", from + 1] as const;
  }

  @api({ params: z.object({ a: z.number(), b: z.number().default(10) }) })
  async add(a: number, b: number, ctx: Context) {
    return { sum: a + b, url: ctx.request.url };
  }

  undecorated() {
    return "not a route";
  }
}

/** A subclass keeps what it inherits and may add to it. */
export class SubModel extends OrderModel {
  @api({ params: z.object({}) })
  async own(_ctx: Context) {
    return { own: true };
  }
}

/** A class whose name has none of the suffixes. */
export class Weather extends BaseModel {
  @api({ params: z.object({}) })
  async now(_ctx: Context) {
    return { sunny: true };
  }
}

export class HTTPStatusModelClass extends BaseModel {
  @api({ params: z.object({}) })
  async current(_ctx: Context) {
    return {};
  }
}

export class RoomFrame extends BaseModel {
  @api({ params: z.object({}) })
  async enter(_ctx: Context) {
    return {};
  }
}

export class LobbyFrameClass extends BaseModel {
  @api({ params: z.object({}) })
  async enter(_ctx: Context) {
    return {};
  }
}

export class HelperClass extends BaseModel {
  @api({ params: z.object({}) })
  async enter(_ctx: Context) {
    return {};
  }
}

/** An event whose schema says nothing of being async until it is asked. */
export class LateModel extends BaseModel {
  @stream({
    type: "sse",
    params: z.object({}),
    events: z.object({
      caught: z.string(),
      tick: z.number().refine((value) => Promise.resolve(value > 0) as never),
    }),
  })
  async *go(ctx: Context) {
    const sse: any = ctx.createSSE();
    try {
      sse.publish("tick", 1);
    } catch (error) {
      sse.publish("caught", (error as Error).name);
    }
  }
}

/** Declarations that must be refused. `says` must stand in the message, beside the class and the method. */
export const refusals: Record<string, { declare: () => any; says: RegExp }> = {
  "compress: true under @stream": {
    says: /compress/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events, params: z.object({}) })
        @api({ compress: true } as any)
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "compress: true over @stream": {
    says: /compress/,
    declare() {
      class BadModel extends BaseModel {
        @api({ compress: true } as any)
        @stream({ type: "sse", events, params: z.object({}) })
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "compress as an object": {
    says: /compress/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events, params: z.object({}) })
        @api({ compress: { threshold: 1 } } as any)
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "a method that is async but no generator": {
    says: /async \*/,
    declare() {
      class BadModel extends BaseModel {
        @(stream({ type: "sse", events, params: z.object({}) }) as any)
        async bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "a generator that is not async": {
    says: /async \*/,
    declare() {
      class BadModel extends BaseModel {
        @(stream({ type: "sse", events, params: z.object({}) }) as any)
        *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "missing events": {
    says: /events/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", params: z.object({}) } as any)
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "events that are no z.object": {
    says: /events/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events: { tick: z.number() }, params: z.object({}) } as any)
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "an unsupported type": {
    says: /"websocket"/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "websocket", events, params: z.object({}) } as any)
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "an event whose schema is known to be async": {
    says: /tick/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events: z.object({ tick: z.promise(z.number()) }), params: z.object({}) })
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "an unknown guard": {
    says: /"wathc"[^]*watch/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events, params: z.object({}), guards: ["wathc"] })
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  },
  "two methods on one route": {
    says: /other/,
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events, params: z.object({}), path: "/same" })
        async *bad(_ctx: Context) {}

        @stream({ type: "sse", events, params: z.object({}), path: "/same" })
        async *other(_ctx: Context) {}
      }
      return BadModel;
    },
  },
};

for (const name of ["end", "gap", "", "a\nb", "a\rb", "a\0b"]) {
  refusals[`an event named ${JSON.stringify(name)}`] = {
    says: name === "" ? /event/ : new RegExp(name.slice(0, 1)),
    declare() {
      class BadModel extends BaseModel {
        @stream({ type: "sse", events: z.object({ [name]: z.number() }), params: z.object({}) })
        async *bad(_ctx: Context) {}
      }
      return BadModel;
    },
  };
}
