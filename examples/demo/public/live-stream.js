// One native EventSource with a status that a person can read, a pause, and a clean difference between an
// `error` event that the server published and the `error` that EventSource fires by itself.

/** How long a connection may take before we say that the browser may be out of connections. */
const SLOW_MS = 4000;

export class LiveStream {
  #url;
  #handlers;
  #onStatus;
  #source = null;
  #lastEventId = "";
  #slow = 0;

  /**
   * `handlers` maps event names to functions of the parsed data; `end` is called when the server has finished.
   * `onStatus` gets one of: connecting, slow, live, lost, refused, paused, ended.
   */
  constructor(handlers, onStatus) {
    this.#handlers = handlers;
    this.#onStatus = onStatus;
  }

  get isOpen() {
    return this.#source !== null;
  }

  /** Opens a stream in place of the one before; its position is forgotten. */
  open(url) {
    this.#lastEventId = "";
    this.#url = url;
    this.#connect();
  }

  /** Closes the connection, keeping the position. */
  pause() {
    if (this.#source) this.#close("paused");
  }

  /** Goes on after the last event that was seen; a new EventSource can say so in the query only. */
  resume() {
    if (!this.#source && this.#url) this.#connect();
  }

  #connect() {
    this.#source?.close();
    const url = new URL(this.#url, location.href);
    if (this.#lastEventId) url.searchParams.set("lastEventId", this.#lastEventId);
    const source = new EventSource(url);
    this.#source = source;
    this.#say("connecting");

    source.addEventListener("open", () => this.#say("live"));
    for (const [name, handle] of Object.entries(this.#handlers)) {
      source.addEventListener(name, (event) => {
        if (this.#source !== source || !(event instanceof MessageEvent) || name === "end") return;
        this.#lastEventId = event.lastEventId;
        handle(JSON.parse(event.data));
      });
    }
    source.addEventListener("end", () => {
      if (this.#source !== source) return;
      // Said goodbye on purpose: closing here spares the browser the request that would be answered 204.
      this.#url = "";
      this.#close("ended");
      this.#handlers.end?.();
    });
    source.addEventListener("error", (event) => {
      // A published `error` event arrives as a MessageEvent and was handled above.
      if (this.#source !== source || event instanceof MessageEvent) return;
      if (source.readyState === EventSource.CLOSED) this.#close("refused");
      else this.#say("lost");
    });
  }

  #close(status) {
    this.#source.close();
    this.#source = null;
    this.#say(status);
  }

  #say(status) {
    clearTimeout(this.#slow);
    if (status === "connecting") this.#slow = setTimeout(() => this.#say("slow"), SLOW_MS);
    this.#onStatus(status);
  }
}
