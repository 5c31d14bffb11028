// A plain EventSource reconnects after every response, so the id of the last frame is what tells its next
// request apart: it names the endpoint that has ended and carries the last real id, which it stands for as
// a position. Only characters that the CORS rules allow in Last-Event-ID are added (Fetch Standard, "CORS-unsafe
// request-header byte"), so that the request needs no preflight.

const END_ID = /^~end\.([0-9a-z]+)\.([^]*)$/;

/** Makes the id of an endpoint's last frame. `lastId` is the last id sent before it, or "". */
export function formatEndId(endpoint: string, lastId: string): string {
  return `~end.${hash(endpoint)}.${lastId}`;
}

/** Takes an id apart: the id that it stands for as a position, and whether it says that `endpoint` has ended. */
export function parseEndId(id: string, endpoint: string): { position: string; ended: boolean } {
  const match = END_ID.exec(id);
  if (!match) return { position: id, ended: false };
  return { position: match[2] ?? "", ended: match[1] === hash(endpoint) };
}

/** FNV-1a over UTF-16 code units: short and the same everywhere; nothing secret depends on it. */
function hash(text: string): string {
  let value = 0x811c9dc5;
  for (let index = 0; index < text.length; index++) {
    value = Math.imul(value ^ text.charCodeAt(index), 0x01000193);
  }
  return (value >>> 0).toString(36);
}
