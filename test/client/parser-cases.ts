// What an event stream means, from HTML 9.2.5 and 9.2.6 and the titles of the web platform tests' eventsource/
// folder (FIELD, section 6). Data and expectations only, so that any environment can run them.

/** One stream and what a reader has to make of it. */
export interface ParserCase {
  name: string;
  /** Sent as UTF-8. */
  stream: string;
  /** Name, data and last event ID of each event. */
  events: [event: string, data: string, id: string][];
  /** The reconnection time asked for last; none unless given. */
  retry?: number;
  /** The last event ID after the last byte; that of the last event unless given. */
  lastEventId?: string;
}

const message = (data: string, id = ""): [string, string, string] => ["message", data, id];

/** Line ends that are all the same to a reader. */
const lineEnds = { LF: "\n", CR: "\r", CRLF: "\r\n" };

export const PARSER_CASES: readonly ParserCase[] = [
  { name: "an empty stream", stream: "", events: [] },
  { name: "one event", stream: "data: x\n\n", events: [message("x")] },
  { name: "data lines join by LF", stream: "data:1\ndata:2\ndata:3\n\n", events: [message("1\n2\n3")] },
  {
    name: "an empty data line still dispatches",
    stream: "data:\n\ndata\n\n",
    events: [message(""), message("")],
  },
  { name: "data without a colon is an empty line", stream: "data\ndata\n\n", events: [message("\n")] },
  {
    name: "a block without data dispatches nothing",
    stream: "event: x\n\ndata: y\n\n",
    events: [message("y")],
  },
  { name: "an unfinished block is discarded", stream: "data: x\n\ndata: y\n", events: [message("x")] },
  { name: "an unfinished line is discarded", stream: "data: x\n\ndata: y", events: [message("x")] },
  {
    name: "format-data-before-final-empty-line: an unfinished block's id is not taken over",
    stream: "id: 1\ndata: x\n\nid: 2\ndata: y\n",
    events: [message("x", "1")],
  },
  {
    name: "format-bom: one leading BOM is no part of it",
    stream: "\uFEFFdata: x\n\n",
    events: [message("x")],
  },
  {
    name: "format-bom-2: a second BOM spoils the name, and so does a later one",
    stream: "\uFEFF\uFEFFdata: 1\n\ndata: 2\n\n\uFEFFdata: 3\n\n",
    events: [message("2")],
  },
  {
    name: "format-comments",
    stream: `data: 1\r:\0\n:\r\ndata: 2\n:${"x".repeat(2000)}\rdata: 3\n:data: fail\r:${"x".repeat(2000)}\ndata: 4\n\n`,
    events: [message("1\n2\n3\n4")],
  },
  {
    name: "format-field-event",
    stream: "event: test\ndata: x\n\ndata: y\n\n",
    events: [["test", "x", ""], message("y")],
  },
  {
    name: "the last of several names counts",
    stream: "event: a\nevent: b\ndata\n\n",
    events: [["b", "", ""]],
  },
  { name: "format-field-event-empty", stream: "event: \ndata: x\n\n", events: [message("x")] },
  {
    name: "format-field-parsing: names are exact, and one space is taken off",
    stream:
      "data:\0\ndata:  2\rData:1\ndata\0:2\ndata:1\r\0data:4\nda-ta:3\rdata_5\ndata:3\rdata:\r\n data:32\ndata:4\n\n",
    events: [message("\0\n 2\n1\n3\n\n4")],
  },
  {
    name: "format-leading-space: a tab stays",
    stream: "data:\ttest\rdata: \ndata:test\n\n",
    events: [message("\ttest\n\ntest")],
  },
  { name: "a colon in a value stays", stream: "data:a:b: c\n\n", events: [message("a:b: c")] },
  {
    name: "format-field-unknown",
    stream: "data:test\n data\ndata\nfoobar:xxx\njustsometext\n:x\ndata:x\n\n",
    events: [message("test\n\nx")],
  },
  { name: "format-null-character: NUL may be in data", stream: "data:\0\n\n\n\n", events: [message("\0")] },
  {
    name: "format-newlines: every line end, mixed",
    stream: "data:test\r\ndata\ndata:test\r\n\r\n",
    events: [message("test\n\ntest")],
  },
  {
    name: "CR LF CR is two line ends",
    stream: "data:1\r\n\rdata:2\n\r\ndata:3\r\r",
    events: [message("1"), message("2"), message("3")],
  },
  { name: "LF CR is two line ends", stream: "data:1\n\rdata:2\n\r", events: [message("1"), message("2")] },
  { name: "format-utf-8", stream: "data:ok…\ndata:€ ß 😀 𝒳\n\n", events: [message("ok…\n€ ß 😀 𝒳")] },
  {
    name: "U+2028 and U+0085 end no line",
    stream: "data:a\u2028b\u0085c\u000Bd\n\n",
    events: [message("a\u2028b\u0085c\u000Bd")],
  },
  {
    name: "format-field-id: an id persists, changes, and an empty one resets it",
    stream:
      "data: 1\n\nid: ä1\ndata: 2\n\ndata: 3\n\nid: 2\ndata: 4\n\nid:\ndata: 5\n\nid: 3\nid\ndata: 6\n\n",
    events: [
      message("1"),
      message("2", "ä1"),
      message("3", "ä1"),
      message("4", "2"),
      message("5"),
      message("6"),
    ],
  },
  {
    name: "format-field-id-null: an id with NUL is ignored",
    stream: "id: 1\ndata: 1\n\nid: 2\0\ndata: 2\n\nid: \x003\ndata: 3\n\n",
    events: [message("1", "1"), message("2", "1"), message("3", "1")],
  },
  {
    name: "an id without data is taken over",
    stream: "data: 1\n\nid: 7\n\n",
    events: [message("1")],
    lastEventId: "7",
  },
  { name: "an id keeps its further spaces", stream: "id:  a b \ndata\n\n", events: [message("", " a b ")] },
  {
    name: "format-field-retry: digits only, base ten, at once",
    stream: "retry:3000\nretry: 02000\ndata: x\n\nretry:4",
    events: [message("x")],
    retry: 2000,
  },
  {
    name: "format-field-retry-bogus, -empty",
    stream: "retry:1000x\nretry\nretry:\nretry:-1\nretry: 1e3\nretry:  5\nretry:１\nretry:1.5\ndata\n\n",
    events: [message("")],
  },
  {
    name: "a field's name may be anything",
    stream: "constructor: x\n__proto__: y\ntoString\ndata: x\n\n",
    events: [message("x")],
  },
  ...Object.entries(lineEnds).map(([name, end]) => ({
    name: `whole events with ${name}`,
    stream: [":hello", "retry: 5", "id: 1", "event: é", "data: x", "data: y", "", "data: z", "", ""].join(
      end,
    ),
    events: [["é", "x\ny", "1"], message("z", "1")] as ParserCase["events"],
    retry: 5,
  })),
];

/** What a reader has made of a stream. */
export interface ParserResult {
  events: ParserCase["events"];
  retry: number | null;
  lastEventId: string;
}

/** What it should have made of it. */
export function expected({ events, retry, lastEventId }: ParserCase): ParserResult {
  return { events, retry: retry ?? null, lastEventId: lastEventId ?? events.at(-1)?.[2] ?? "" };
}
