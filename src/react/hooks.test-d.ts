// What must compile and what must not, for components that use the hooks.

import type { Gap, NoParams, StreamMethod } from "pinestream/client";
import {
  useStream,
  useStreamReducer,
  type StreamHandlers,
  type StreamOptions,
  type StreamResult,
} from "pinestream/react";

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false;
const same = <A, B>(_equal: Equal<A, B>): void => {};

interface Tides {
  tide: { height: number; at: Date };
  warning: "low" | "high";
}

declare const harbour: {
  streamTides: StreamMethod<{ berth: number; unit?: "m" | "ft" }, Tides>;
  streamAll: StreamMethod<NoParams, Tides>;
  streamSome: StreamMethod<{ since?: Date }, Tides>;
};

// Parameters
useStream(harbour.streamTides, { berth: 1 });
useStream(harbour.streamAll);
useStream(harbour.streamAll, undefined, { tide: () => {} });
useStream(harbour.streamAll, {});
useStream(harbour.streamSome);
useStream(harbour.streamSome, { since: new Date() });
// @ts-expect-error required
useStream(harbour.streamTides);
// @ts-expect-error required
useStream(harbour.streamTides, {});
// @ts-expect-error required
useStream(harbour.streamTides, undefined);
// @ts-expect-error of another type
useStream(harbour.streamTides, { berth: "1" });
// @ts-expect-error not among the choices
useStream(harbour.streamTides, { berth: 1, unit: "km" });
// @ts-expect-error no such parameter
useStream(harbour.streamTides, { berth: 1, units: "m" });
// @ts-expect-error no parameters at all
useStream(harbour.streamAll, { berth: 1 });
// @ts-expect-error no stream
useStream(() => {}, {});

// Handlers
useStream(
  harbour.streamTides,
  { berth: 1 },
  {
    tide: (tide, received) => {
      same<typeof tide, { height: number; at: Date }>(true);
      same<typeof received, { event: "tide"; data: { height: number; at: Date }; id?: string }>(true);
    },
    warning: async (warning) => same<typeof warning, "low" | "high">(true),
    gap: (gap) => same<typeof gap, Gap>(true),
  },
);
// @ts-expect-error no such event
useStream(harbour.streamAll, {}, { tyde: () => {} });
// @ts-expect-error the end is a status
useStream(harbour.streamAll, {}, { end: () => {} });
// @ts-expect-error data of another event
useStream(harbour.streamAll, {}, { tide: (warning: "low" | "high") => warning });
// @ts-expect-error no such field
useStream(harbour.streamAll, {}, { tide: ({ hight }) => hight });

// Options
const options: StreamOptions = { enabled: true, retry: 3, retryInterval: 500, headers: () => ({ a: "b" }) };
useStream(harbour.streamAll, {}, {}, options);
useStream(harbour.streamAll, {}, {}, { retry: false, ownConnection: true, lastEventId: "7" });
useStream(harbour.streamAll, {}, {}, { validate: (event, data) => (event === "tide" ? data : undefined) });
// @ts-expect-error no such option
useStream(harbour.streamAll, {}, {}, { retires: 3 });
// @ts-expect-error in milliseconds
useStream(harbour.streamAll, {}, {}, { retryInterval: "1s" });
// @ts-expect-error no such event, and gap is not validated
useStream(harbour.streamAll, {}, {}, { validate: (event, data) => (event === "gap" ? data : undefined) });

// What is returned
const result = useStream(harbour.streamTides, { berth: 1 });
same<typeof result, StreamResult<Tides>>(true);
same<typeof result.status, "idle" | "connecting" | "open" | "reconnecting" | "ended" | "closed" | "failed">(
  true,
);
same<typeof result.latest.tide, { height: number; at: Date } | undefined>(true);
same<typeof result.latest.warning, "low" | "high" | undefined>(true);
same<typeof result.latest.gap, Gap | undefined>(true);
// @ts-expect-error may not have come yet
result.latest.tide.at.getTime();
// @ts-expect-error no such event
void result.latest.tyde;
// @ts-expect-error no such status
void (result.status === "connected");
// @ts-expect-error nothing of it can be set
result.status = "open";

// The reducer
const { state, isEnded, latest } = useStreamReducer(
  harbour.streamTides,
  { berth: 1 },
  (heights: number[], received) => {
    if (received.event === "tide") return [...heights, received.data.height];
    if (received.event === "warning") same<typeof received.data, "low" | "high">(true);
    else same<typeof received, { event: "gap"; data: Gap; id?: string }>(true);
    return heights;
  },
  [],
  { enabled: true },
);
same<typeof state, number[]>(true);
same<typeof isEnded, boolean>(true);
same<typeof latest.warning, "low" | "high" | undefined>(true);
const counted: number = useStreamReducer(harbour.streamAll, undefined, (count) => count + 1, 0).state;
// @ts-expect-error required
useStreamReducer(harbour.streamTides, undefined, (count) => count + 1, 0);
// @ts-expect-error no such parameter type
useStreamReducer(harbour.streamTides, { berth: "1" }, (count) => count + 1, 0);
// @ts-expect-error another state than the initial one
useStreamReducer(harbour.streamAll, undefined, (count: number) => count + 1, "0");
// @ts-expect-error no such event
useStreamReducer(harbour.streamAll, undefined, (count, { event }) => (event === "tyde" ? 1 : count), 0);
// @ts-expect-error not every event's data has it
useStreamReducer(harbour.streamAll, undefined, (_, { data }) => data.height, 0);

// For components that hand their handlers on
const handlers: StreamHandlers<Tides> = { tide: ({ at }) => at.getTime() };
useStream(harbour.streamAll, {}, handlers);

export { counted };
