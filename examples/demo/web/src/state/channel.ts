import type { ReceivedEvent } from "pinestream/client";
import type { RadioRecentResult, RadioStreamChannelEvents } from "../../generated/api.ts";

/** A line of the talk: something said, or somebody who came or went. */
export type Line =
  | ({ kind: "said" } & RadioStreamChannelEvents["transmission"])
  | { kind: "joined" | "left"; id: string; callSign: string; at: Date };

/** What is known of a channel. */
export interface ChannelState {
  lines: readonly Line[];
  /** Who is on the air, as far as one has heard; `false` for who has gone. */
  presence: ReadonlyMap<string, boolean>;
  /** Whether that is all there is to know, and not only what came since. */
  isWhole: boolean;
}

/** Nothing heard yet. */
export const SILENCE: ChannelState = { lines: [], presence: new Map(), isWhole: false };

const KEPT = 100;

let asides = 0;

/** What is known of a channel after an event. */
export function takeEvent(
  heard: ChannelState,
  received: ReceivedEvent<RadioStreamChannelEvents>,
): ChannelState {
  const { event, data } = received;
  switch (event) {
    case "onAir":
      return { ...SILENCE, presence: new Map(data.callSigns.map((each) => [each, true])), isWhole: true };
    case "transmission":
      return { ...heard, lines: addSaid(heard.lines, [{ kind: "said", ...data }]) };
    case "joined":
    case "left": {
      const { callSign } = data;
      const line: Line = { kind: event, id: `aside ${++asides}`, callSign, at: new Date() };
      return {
        ...heard,
        lines: [...heard.lines, line].slice(-KEPT),
        presence: new Map(heard.presence).set(callSign, event === "joined"),
      };
    }
    default:
      return heard;
  }
}

/** Puts what was before to what was heard since. Some of it may be in both, and what was heard is the later news. */
export function joinChannel(before: RadioRecentResult, heard: ChannelState): ChannelState {
  if (heard.isWhole) return heard;
  const known = before.transmissions.map((each) => ({ kind: "said" as const, ...each }));
  const ids = new Set(known.map(({ id }) => id));
  const since = heard.lines.filter((line) => line.kind !== "said" || !ids.has(line.id));
  return {
    lines: [...known, ...since],
    presence: new Map([...before.callSigns.map((each) => [each, true] as const), ...heard.presence]),
    isWhole: true,
  };
}

function addSaid(lines: readonly Line[], said: readonly Line[]): Line[] {
  const ids = new Set(lines.map(({ id }) => id));
  return [...lines, ...said.filter(({ id }) => !ids.has(id))].slice(-KEPT);
}
