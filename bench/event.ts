/** The event that every server sends: a ship's position, about 230 bytes as JSON. */
export interface Position {
  ship: string;
  latitude: number;
  longitude: number;
  berth: string;
  note: string;
  /** When it was published, in µs of the clock that all processes of the machine share. */
  at: number;
  /** Counts up by one. Stands last, so that whoever has seen it has seen the whole event. */
  n: number;
}

/** An event of the stream for one client: small, as the tokens of a language model are. */
export interface Token {
  text: string;
  n: number;
}

/** Name of the events of a fan-out. */
export const POSITION_EVENT = "position";
/** Name of the events of a stream for one client. */
export const TOKEN_EVENT = "token";

const NOTE = "Pilot on board, two tugs ordered, keep clear of the dredger";

/** Time in µs on the clock that the processes of a machine share. */
export function sharedNow(): number {
  return Number(process.hrtime.bigint() / 1000n);
}

/** Makes an event; `bytes` is the size of its data beyond the usual, made up by a longer note. */
export function createPosition(n: number, bytes = 0): Position {
  return {
    ship: "Kestrel of the Outer Hebrides",
    latitude: 57.149_651,
    longitude: -2.094_278,
    berth: "Regent Quay, north side",
    note: bytes === 0 ? NOTE : longNote(bytes),
    at: sharedNow(),
    n,
  };
}

/** Makes a token; with `bytes` its text has that length. */
export function createToken(n: number, bytes = 0): Token {
  return { text: bytes === 0 ? "harbour " : longNote(bytes), n };
}

let long = Buffer.alloc(0);

/** A text of that length, another one each time: events that wait somewhere must not share theirs. */
function longNote(bytes: number): string {
  if (long.length !== bytes) long = Buffer.alloc(bytes, "tide ");
  return long.toString("latin1");
}

/** The events of a stream for one client, as a source would give them: one after another, each awaited. */
export async function* tokens(
  count: number,
  bytes: number,
  onOffer: (n: number) => void,
): AsyncGenerator<Token, void, undefined> {
  for (let n = 1; n <= count; n++) {
    onOffer(n);
    yield createToken(n, bytes);
  }
}
