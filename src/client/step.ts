/** One thing that a stream is at, until it is over. */
export interface Step {
  /** Settles when the step is over; resolves at its abort. */
  readonly over: Promise<void>;
  /** Ends it quietly, and at once. */
  abort(): void;
  /** Takes notice that the network or the page has come back: an occasion to act, or to look more closely. */
  wake(): void;
}
