// What a screen reader is told of what comes in. One voice for the whole page, that takes a breath: what comes
// within two seconds is said together, and of many things only how many there are.

import { createStore } from "./store.ts";

const BREATH_MS = 2_000;
const MOST_IN_WORDS = 2;

/** What is to be said now. */
export const announcement = createStore("");

let waiting: string[] = [];
let timer: ReturnType<typeof setTimeout> | undefined;

/** Has a sentence said to those who don't see the page. */
export function announce(text: string): void {
  waiting.push(text);
  timer ??= setTimeout(speak, BREATH_MS);
}

function speak(): void {
  timer = undefined;
  const said = waiting.slice(0, MOST_IN_WORDS);
  const rest = waiting.length - said.length;
  waiting = [];
  announcement.set([...said, ...(rest > 0 ? [`And ${rest} more.`] : [])].join(" "));
}
