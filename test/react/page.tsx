// What runs in the page: components that a test describes and describes anew, and what they have seen.
import { createClient, type ClientOptions, type StreamMethod } from "pinestream/client";
import { useStream, useStreamReducer, type StreamOptions, type StreamResult } from "pinestream/react";
import { Activity, Profiler, StrictMode, useEffect, useRef, type ReactNode } from "react";
import { createRoot, hydrateRoot, type Root } from "react-dom/client";

/** A component as a test wants it. */
export interface Spec {
  /** Tells it from the others; the same one is the same component. */
  tag: string;
  method?: "streamTides" | "streamBurst" | "refuse";
  params?: { berth: number };
  /** What its handlers write before what they got. */
  version?: string;
  options?: StreamOptions & { count?: "headers" | "validate" };
  /** Fields of the result that it reads. */
  reads?: (keyof StreamResult<Events>)[];
  /** Gathers the events instead of handling them. */
  reduces?: boolean;
  /** Its handler throws. */
  throws?: boolean;
  /** Whether React hides it for now, as the screens of an application that may come back. */
  hidden?: boolean;
}

/** What a component has seen. */
export interface Seen {
  renders: number;
  commits: number;
  /** How often an effect of its mount was run. */
  mounts: number;
  /** What its handlers were called with, or its reducer. */
  received: string[];
  /** What it has read, at each render, as JSON. */
  shown: string[];
  /** Its state at the last render, where it reduces. */
  state?: number[];
  /** Name and code of its error at the last render. */
  error?: unknown;
  /** Calls of its functions for headers or validation. */
  called: number;
}

/** Events of the test's server. */
export interface Events {
  tide: { n: number };
  gust: { knots: number };
}

interface Api {
  harbour: { [Name in NonNullable<Spec["method"]>]: StreamMethod<{ berth?: number }, Events> };
}

const endpoint = (path: string) => ({ kind: "stream", method: "GET", path: `/harbour/${path}` }) as const;

/** Makes the client of the test's server. */
export function createApi(options: ClientOptions): Api {
  return createClient<Api>(
    {
      harbour: {
        streamTides: endpoint("streamTides"),
        streamBurst: endpoint("streamBurst"),
        refuse: endpoint("refuse"),
      },
    },
    options,
  );
}

const seen: Record<string, Seen> = {};
let requests = 0;
const uncaught: string[] = [];
const complaints: string[] = [];

// On a server, which renders these components too, nothing is watched.
if ("document" in globalThis) {
  (globalThis as any).addEventListener("error", (event: any) => {
    uncaught.push(event.error?.message);
    event.preventDefault();
  });
  for (const name of ["error", "warn"] as const) {
    console[name] = (...args: unknown[]) => void complaints.push(args.map(String).join(" "));
  }
}

/** Gives what the component of that tag has seen so far. */
export function look(tag: string): Seen {
  return (seen[tag] ??= { renders: 0, commits: 0, mounts: 0, received: [], shown: [], called: 0 });
}

/** Gives what nobody caught, what was written to the console, and how many requests were made. */
export function lookAround(): { uncaught: string[]; complaints: string[]; requests: number } {
  return { uncaught, complaints, requests };
}

const api = createApi({
  retry: { interval: 5, maxInterval: 20 },
  // Also those that are aborted before anything is sent.
  fetch: (...args) => {
    requests++;
    return fetch(...args);
  },
});

function toOptions({ options, tag }: Spec): StreamOptions | undefined {
  if (!options?.count) return options;
  const { count, ...rest } = options;
  if (count === "headers") {
    return { ...rest, headers: () => ({ "x-attempt": String(++look(tag).called) }) };
  }
  return {
    ...rest,
    validate: (_event, data) => {
      look(tag).called++;
      return data;
    },
  };
}

function note(tag: string, result: StreamResult<Events>, reads: Spec["reads"] = ["status"]): void {
  const mine = look(tag);
  mine.renders++;
  mine.shown.push(JSON.stringify(reads.map((name) => result[name])));
  const { error } = result as { error?: { name: string; code: string; status: number } };
  mine.error = error && { name: error.name, code: error.code, status: error.status };
}

function Handling(spec: Spec): ReactNode {
  const { tag, method = "streamTides", params, version = "", throws } = spec;
  const write = (event: string, data: object, received: { id?: string }): void => {
    look(tag).received.push(`${version}${event} ${JSON.stringify(data)} ${received.id ?? "-"}`);
    if (throws) throw new Error(`thrown by ${tag}`);
  };
  const result = useStream(
    api.harbour[method],
    params,
    {
      tide: (data, received) => write("tide", data, received),
      gust: (data, received) => write("gust", data, received),
      gap: (data, received) => write("gap", data, received),
    },
    toOptions(spec),
  );
  useEffect(() => void look(tag).mounts++, [tag]);
  note(tag, result, spec.reads);
  return <output>{result.status}</output>;
}

function Reducing(spec: Spec): ReactNode {
  const { tag, method = "streamTides", params } = spec;
  const initial = useRef<number[]>([]);
  const result = useStreamReducer(
    api.harbour[method],
    params,
    (state, received) => {
      look(tag).received.push(received.event);
      if (spec.throws) throw new Error(`thrown by ${tag}`);
      return received.event === "tide" ? [...state, received.data.n] : state;
    },
    initial.current,
    toOptions(spec),
  );
  look(tag).state = result.state;
  note(tag, result, spec.reads);
  return <output>{`${result.status} ${result.state.length}`}</output>;
}

/** What a page with these components is. */
function View({ specs }: { specs: Spec[] }): ReactNode {
  return specs.map((spec) => {
    const component = (
      <Profiler key={spec.tag} id={spec.tag} onRender={() => void look(spec.tag).commits++}>
        {spec.reduces ? <Reducing {...spec} /> : <Handling {...spec} />}
      </Profiler>
    );
    if (spec.hidden === undefined) return component;
    return (
      <Activity key={spec.tag} mode={spec.hidden ? "hidden" : "visible"}>
        {component}
      </Activity>
    );
  });
}

/** Makes the page; in StrictMode only what stands at the very top has its effects run twice. */
export function toPage(specs: Spec[], strict: boolean): ReactNode {
  const view = <View specs={specs} />;
  return strict ? <StrictMode>{view}</StrictMode> : view;
}

let root: Root | undefined;
const getElement = (id: string): any => (globalThis as any).document.getElementById(id);
const place = (): any => getElement("root");
const rootOptions = { onRecoverableError: (error: unknown) => void complaints.push(String(error)) };

/** Renders these components in place of those before. */
export function render(specs: Spec[], strict = false): void {
  root ??= createRoot(place());
  root.render(toPage(specs, strict));
}

/** Takes over what a server has rendered. */
export function hydrate(specs: Spec[], strict = false): void {
  root = hydrateRoot(place(), toPage(specs, strict), rootOptions);
}

/** Takes over what a server has rendered as islands: each a root of its own, in the element whose id is its tag. */
export function hydrateIslands(specs: Spec[]): void {
  for (const spec of specs) hydrateRoot(getElement(spec.tag), toPage([spec], false), rootOptions);
}

/** Gives the text that is shown. */
export function text(): string {
  return place().innerHTML;
}
