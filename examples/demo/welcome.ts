/** One thing to try: its title, its path below the prefix, and the body where it is a POST. */
interface Sample {
  title: string;
  path: string;
  body?: Record<string, unknown>;
}

const streams: Sample[] = [
  { title: "Notification centre (berth 4)", path: "notice/streamNotices?berth=4" },
  { title: "Task with progress: unload a ship", path: "unloading/unload?vessel=Halcyon&containers=12" },
  { title: "Live feed: the logbook", path: "logEntry/streamEntries" },
  { title: "Chat room: radio channel 12", path: "radio/streamChannel?channel=12&callSign=Curlew" },
  { title: "Server monitor", path: "station/streamReadings" },
];

const actions: Sample[] = [
  {
    title: "Post a notice to berth 4",
    path: "notice/post",
    body: { berth: 4, kind: "parcel", text: "Your new jib has arrived." },
  },
  {
    title: "Write into the logbook",
    path: "logEntry/write",
    body: { kind: "sighting", vessel: "Avocet", remark: "Rounded the mole under full sail." },
  },
  {
    title: "Speak on channel 12",
    path: "radio/transmit",
    body: { channel: 12, callSign: "Curlew", text: "Radio check, over." },
  },
  { title: "Keep a core busy for six seconds", path: "station/drill", body: { seconds: 6 } },
];

/** What the terminal shows once the server listens: its address and a curl line for everything it can do. */
export function welcome(address: string): string {
  const curl = ({ path, body }: Sample, flags = ""): string => {
    const url = `'${address}/api/${path}'`;
    if (!body) return `curl${flags} ${url}`;
    return `curl${flags} -X POST ${url} -H 'content-type: application/json' -d '${JSON.stringify(body)}'`;
  };
  return [
    "",
    `The harbour office of Kestrel Quay is open: ${address}`,
    "",
    "Watch (Ctrl+C leaves):",
    ...streams.map((sample) => entry(sample.title, curl(sample, " -N"))),
    "",
    "Make something happen, from another terminal or on the page:",
    ...actions.map((sample) => entry(sample.title, curl(sample))),
    "",
  ].join("\n");
}

function entry(title: string, command: string): string {
  return `  # ${title}\n  ${command}`;
}
