// One stream as a tab has it. The tab that holds the stream's lock is the leader: it asks the server, and passes on
// what comes. The others follow, and wait for the lock. Every tab keeps the last events, so that whoever gets the
// lock next goes on where it stopped and can serve those who have got less.
//
//   follow ──(the lock is free, or its holder is silent)──> lead ──> over
//     └──(nobody here wants the stream any more)────────────────────> over
//
// Nothing leads back. When the server's connection breaks, every tab closes the bodies it has given out, as if each
// had lost its own; their readers come back by themselves, each when and as it wants to, and find or make a new
// leader. Where a leader can't tell what a tab has missed, the same happens in that tab.

import { jitter } from "../async/jitter.ts";
import { startTimer, type Timer } from "../async/timer.ts";
import { startConnection, type Connection, type StreamOrigin } from "./connection.ts";
import type { Message } from "./messages.ts";
import type { Piece } from "./pieces.ts";
import { watchHiding, type Channel, type Sharing } from "./platform.ts";
import { Readers } from "./readers.ts";
import type { RecentLimits } from "./recent.ts";
import { Seat, toHead, type Rejoin } from "./seat.ts";

/**
 * How long a leader may take to answer, in ms, before it is taken to stand still, and loses its lock; up to twice as
 * long, so that not all take it at once.
 */
const LEADER_MS = 2_000;

/** How long a leader keeps the lock, in ms, after it has said that all is over: the lock must not be there first. */
const LAST_WORDS_MS = 100;

/**
 * How long, in ms, a follower may take from its question to its place in the lock's queue: browsers look up much before
 * the first lock of a page, and may take their time.
 */
const CLAIM_MS = 10_000;

/** How often, in ms, a leader without readers of its own looks whether there are any elsewhere. */
const RETIRE_MS = 1_000;

/** What a hub is made with. */
export interface HubOptions extends RecentLimits {
  sharing: Sharing;
  fetch: typeof globalThis.fetch;
  /** Whether tabs share although their headers differ. */
  isScoped: boolean;
  /** Called once, when the hub takes no more readers. */
  onOver(): void;
  rejoin: Rejoin;
}

/** Shares one stream with the other tabs, among any number of readers in this one. */
export class Hub {
  readonly #name: string;
  readonly #options: HubOptions;
  readonly #id = crypto.randomUUID();
  readonly #channel: Channel;
  readonly #readers: Readers;
  readonly #lifetime = new AbortController();
  readonly #claim = new AbortController();
  /** The leader that it goes by. */
  #term = "";
  /** What it has as the leader. */
  #connection: Connection | undefined;
  #release: () => void = () => {};
  #count = 0;
  /** Those who have asked it and not left, and when they did, by the clock of the day. */
  readonly #followers = new Map<string, number>();
  #timer: Timer | undefined;
  /** The latest request, which further ones are made of. */
  #request: Request | undefined;

  constructor(name: string, options: HubOptions) {
    this.#name = name;
    this.#options = options;
    this.#readers = new Readers(options.fetch, options);
    this.#channel = options.sharing.openChannel(name);
    this.#channel.addEventListener("message", ({ data }) => this.#take(data as Message));
    watchHiding(() => this.#finish(), this.#lifetime.signal);
    this.#claimLock({ signal: this.#claim.signal });
  }

  /** Gives a response to a request that goes on after that id, as a `fetch` would. */
  join(request: Request, lastEventId: string): Promise<Response> {
    const seat = new Seat(request, lastEventId, this.#options.maxLength);
    this.#request = request;
    this.#readers.add(seat);
    seat.signal.addEventListener("abort", () => void this.#retire());
    if (!this.#connection) this.#greet();
    else if (!this.#connection.renewIfSilent()) this.#readers.admit();
    return seat.response;
  }

  #claimLock(options: { signal?: AbortSignal; steal?: boolean }): void {
    const hold = (): Promise<void> =>
      new Promise((resolve) => {
        this.#release = resolve;
        if (this.#lifetime.signal.aborted) resolve();
        else void this.#lead();
      });
    // Rejects when the wait is given up, when another tab has taken the lock from this one, and where the browser
    // allows no locks, as in a sandboxed frame: there everybody asks by himself.
    this.#options.sharing.locks.request(this.#name, options, hold).catch(() => {
      if (!this.#connection && this.#claim.signal.aborted) return;
      if (!this.#connection) this.#readers.dissolve();
      this.#finish();
    });
  }

  async #lead(): Promise<void> {
    this.#stopTimer();
    this.#term = crypto.randomUUID();
    this.#post({ kind: "lead", term: this.#term });
    this.#connection = startConnection({
      fetch: this.#options.fetch,
      next: () => this.#nextOrigin(),
      onOpen: (response, lastEventId) => {
        const isFirst = !this.#readers.state;
        this.#readers.open(toHead(response), `${this.#term}/0`, lastEventId);
        const { state } = this.#readers;
        if (isFirst && state) this.#post({ kind: "open", term: this.#term, state });
        this.#readers.admit();
      },
      onPiece: (piece) => this.#relay(piece),
      onAnswer: (answer) => {
        this.#post({ kind: "answer", term: this.#term, answer });
        this.#readers.answer(answer);
        this.#finish(LAST_WORDS_MS);
      },
    });
    const problem = await this.#connection.over;
    this.#post({ kind: "over", term: this.#term, problem });
    this.#readers.close(problem);
    this.#finish(LAST_WORDS_MS);
  }

  #nextOrigin(): StreamOrigin | undefined {
    const { waiting, recent } = this.#readers;
    const request = waiting?.request ?? this.#request;
    if (!request) return undefined;
    const lastEventId = recent?.lastEventId ?? waiting?.lastEventId ?? "";
    return { request, lastEventId, isFresh: waiting !== undefined };
  }

  #relay({ events, comments, preamble }: Piece): void {
    const after = this.#readers.recent?.position ?? "";
    const items = events.map((event) => ({ ...event, position: `${this.#term}/${++this.#count}` }));
    this.#post({ kind: "piece", term: this.#term, after, items, comments, preamble });
    this.#readers.deliver({ items, comments, preamble });
  }

  #post(message: Message): void {
    // oxlint-disable-next-line unicorn/require-post-message-target-origin -- a channel has no other origin
    if (!this.#lifetime.signal.aborted) this.#channel.postMessage(message);
  }

  #take(message: Message): void {
    if (this.#lifetime.signal.aborted) return;
    const { kind } = message;
    if (this.#connection) {
      if (kind === "leave") {
        this.#followers.delete(message.from);
        void this.#retire();
      }
      if (kind === "hello") this.#welcome(message);
    } else if (kind === "lead") {
      this.#term = message.term;
      this.#readers.isInStep = false;
      this.#stopTimer();
      this.#greet();
    } else if (kind === "welcome") this.#onWelcome(message);
    else if ("term" in message && (message.term === this.#term || this.#term === "")) {
      // Who has not heard of any leader yet asked before this one's answer, too.
      if (kind === "open") this.#onOpen(message);
      if (kind === "piece") this.#onPiece(message);
      if (kind === "answer") this.#onAnswer(message);
      if (kind === "over") {
        this.#readers.close(message.problem);
        this.#finish();
      }
    }
  }

  /** Asks the leader for what is missing here; takes its place if it doesn't answer. */
  #greet(): void {
    this.#timer ??= startTimer(jitter(LEADER_MS, 2 * LEADER_MS), () => {
      this.#claim.abort();
      this.#claimLock({ steal: true });
    });
    const { recent, waiting } = this.#readers;
    const id = recent?.lastEventId ?? waiting?.lastEventId ?? "";
    this.#post({ kind: "hello", from: this.#id, position: recent?.position, id });
  }

  #welcome({ from, position, id }: Message & { kind: "hello" }): void {
    this.#followers.set(from, Date.now());
    this.#connection?.renewIfSilent();
    const { recent, state } = this.#readers;
    const items = (position ? recent?.after({ position }) : undefined) ?? recent?.after({ id });
    this.#post({ kind: "welcome", to: from, position, id, term: this.#term, state, items });
  }

  #onWelcome({ to, position, id, term, state, items }: Message & { kind: "welcome" }): void {
    const readers = this.#readers;
    if (to !== this.#id) return;
    // One that has stood still answers late, before it hears that it has lost its lock. Nothing more comes from it.
    if (this.#term !== "" && term !== this.#term) return;
    this.#stopTimer();
    // While in step, all that the leader has told comes by itself. Otherwise it must be an answer to the last question.
    if (!readers.isInStep || term !== this.#term) {
      this.#term = term;
      readers.isInStep = false;
      if (state && position === readers.recent?.position) readers.follow(state, id, items);
    }
    readers.admit();
  }

  #onOpen({ term, state }: Message & { kind: "open" }): void {
    this.#term = term;
    // Who has a place of an earlier leader has to ask what has come since; the others have missed nothing.
    if (this.#readers.recent) this.#greet();
    else {
      this.#readers.follow(state, "");
      this.#readers.admit();
    }
  }

  #onPiece(message: Message & { kind: "piece" }): void {
    const readers = this.#readers;
    if (!readers.isInStep) return;
    if (message.after === readers.recent?.position) readers.deliver(message);
    else {
      readers.isInStep = false;
      this.#greet();
    }
  }

  #onAnswer({ answer }: Message & { kind: "answer" }): void {
    // Where the scope is all that tabs have in common, this one's token may be another one.
    const isForeign = this.#options.isScoped && [401, 403].includes(answer?.head[0] ?? 0);
    this.#readers.answer(answer, isForeign ? this.#options.rejoin : undefined);
    this.#finish();
  }

  #stopTimer(): void {
    this.#timer?.clear();
    this.#timer = undefined;
  }

  /** Ends a hub that nobody wants: that has no readers and, if it leads, none in other tabs. */
  async #retire(): Promise<void> {
    const isWanted = (): boolean => this.#readers.count > 0 || this.#lifetime.signal.aborted;
    if (isWanted()) return;
    if (this.#connection) {
      const { pending = [] } = await this.#options.sharing.locks.query();
      if (isWanted()) return;
      if (pending.some(({ name }) => name === this.#name) || this.#isAwaited()) {
        this.#stopTimer();
        // One that crashes takes no leave.
        this.#timer = startTimer(RETIRE_MS, () => void this.#retire());
        return;
      }
    }
    this.#finish();
  }

  /** Tells whether somebody has asked it who may not be in the lock's queue yet. */
  #isAwaited(): boolean {
    for (const [id, askedAt] of this.#followers) {
      if (Date.now() - askedAt > CLAIM_MS) this.#followers.delete(id);
    }
    return this.#followers.size > 0;
  }

  /** Ends it; whoever reads from it comes back by itself. */
  #finish(releaseMs = 0): void {
    if (this.#lifetime.signal.aborted) return;
    this.#claim.abort();
    this.#post({ kind: "leave", from: this.#id });
    this.#lifetime.abort();
    this.#stopTimer();
    this.#options.onOver();
    this.#readers.close();
    this.#connection?.abort();
    if (releaseMs > 0) startTimer(releaseMs, this.#release);
    else this.#release();
    this.#channel.close();
  }
}
