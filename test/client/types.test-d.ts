// What must compile and what must not, for whoever uses a generated client.

import {
  createClient,
  type CallMethod,
  type EndpointTable,
  type Gap,
  type NoParams,
  type StreamMethod,
} from "pinestream/client";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => {};

interface Tides {
  tide: { height: number; at: Date };
  warning: "low" | "high";
}

interface Api {
  harbour: {
    streamTides: StreamMethod<{ berth: number; unit?: "m" | "ft" }, Tides>;
    streamAll: StreamMethod<NoParams, Tides>;
    streamSome: StreamMethod<{ since?: Date }, Tides>;
    add: CallMethod<{ name: string }, { id: bigint }>;
    list: CallMethod<NoParams, string[]>;
  };
}

const endpoints = {
  harbour: {
    streamTides: {
      kind: "stream",
      method: "GET",
      path: "/harbour/streamTides",
      revive: { tide: { properties: { at: "date" } } },
    },
    streamAll: { kind: "stream", method: "GET", path: "/harbour/streamAll" },
    streamSome: { kind: "stream", method: "GET", path: "/harbour/streamSome" },
    add: { kind: "call", method: "POST", path: "/harbour/add", revive: { properties: { id: "bigint" } } },
    list: { kind: "call", method: "GET", path: "/harbour/list" },
  },
} satisfies EndpointTable<Api>;

const { harbour } = createClient<Api>(endpoints, { baseUrl: "https://harbour.example" });

// A table without a method, or with a plan that is none
const { list: _list, ...incomplete } = endpoints.harbour;
// @ts-expect-error a method is missing
createClient<Api>({ harbour: incomplete });
createClient<{ a: { b: CallMethod<NoParams, Date> } }>({
  // @ts-expect-error no such plan
  a: { b: { kind: "call", method: "GET", path: "/", revive: "time" } },
});

// Parameters
const tides = harbour.streamTides({ berth: 1, unit: "m" }, { lastEventId: "7" });
harbour.streamAll();
harbour.streamAll({}, { signal: AbortSignal.timeout(1) });
harbour.streamSome();
harbour.streamSome({ since: new Date() });
// @ts-expect-error required
harbour.streamTides();
// @ts-expect-error required
harbour.streamTides({});
// @ts-expect-error of another type
harbour.streamTides({ berth: "1" });
// @ts-expect-error not among the choices
harbour.streamTides({ berth: 1, unit: "km" });
// @ts-expect-error no such parameter
harbour.streamTides({ berth: 1, units: "m" });
// @ts-expect-error no parameters at all
harbour.streamAll({ berth: 1 });
// @ts-expect-error no such option
harbour.streamAll({}, { lastEventID: "7" });
// @ts-expect-error no such method
harbour.streamTide({ berth: 1 });

// Handlers
tides.on("tide", (tide, received) => {
  same<typeof tide, { height: number; at: Date }>(true);
  same<typeof received, { event: "tide"; data: { height: number; at: Date }; id?: string }>(true);
});
tides.on("gap", (gap) => same<typeof gap, Gap>(true));
tides.on("warning", async (warning) => same<typeof warning, "low" | "high">(true));
const remove: () => void = tides.on("tide", () => {});
// @ts-expect-error no such event
tides.on("tyde", () => {});
// @ts-expect-error the end is a status
tides.on("end", () => {});
// @ts-expect-error data of another event
tides.on("tide", (warning: "low" | "high") => warning);
// @ts-expect-error no such field
tides.on("tide", ({ hight }) => hight);
// @ts-expect-error a final state cannot be set
tides.status = "closed";

// once, iteration, closed
const once: Promise<"low" | "high"> = tides.once("warning");
const closed: Promise<"ended" | "closed" | "failed"> = tides.closed;
async function loop(): Promise<void> {
  for await (const received of tides) {
    // @ts-expect-error not every event's data has it
    received.data.height.toFixed();
    if (received.event === "tide") received.data.at.getTime();
    else if (received.event === "warning") same<typeof received.data, "low" | "high">(true);
    else same<typeof received.data, Gap>(true);
  }
}

// validate
harbour.streamAll({}, { validate: (event, data) => (event === "tide" ? data : undefined) });
// @ts-expect-error no such event, and gap is not validated
harbour.streamAll({}, { validate: (event, data) => (event === "gap" ? data : undefined) });

// Calls
const added: Promise<{ id: bigint }> = harbour.add({ name: "x" });
const listed: Promise<string[]> = harbour.list();
// @ts-expect-error required
harbour.add();
// @ts-expect-error a call is no stream
harbour.add({ name: "x" }).on("x", () => {});

// What the hooks do: both types come from the method itself
declare function useStream<Params extends object, Events extends object>(
  method: StreamMethod<Params, Events>,
  params: Params,
  handlers: { [Name in keyof Events]?: (data: Events[Name]) => void },
): void;
useStream(harbour.streamTides, { berth: 1 }, { tide: ({ at }) => at.getTime() });
// @ts-expect-error no such parameter type
useStream(harbour.streamTides, { berth: "1" }, {});
// @ts-expect-error no such event
useStream(harbour.streamTides, { berth: 1 }, { tyde: () => {} });

export { added, closed, incomplete, listed, loop, once, remove };
