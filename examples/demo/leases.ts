interface Lease {
  release: () => void;
  timer: NodeJS.Timeout;
}

/** Things that are held until they are given back, or until nobody has renewed them for a while. */
export class Leases {
  readonly #leases = new Map<string, Lease>();

  /** Holds something for `forMs`, in place of what was held under that name, which is given back. */
  hold(name: string, release: () => void, forMs: number): void {
    this.release(name);
    const timer = setTimeout(() => this.release(name), forMs);
    timer.unref();
    this.#leases.set(name, { release, timer });
  }

  /** Gives back what is held under that name; does nothing where there is nothing. */
  release(name: string): void {
    const held = this.#leases.get(name);
    if (!held) return;
    clearTimeout(held.timer);
    this.#leases.delete(name);
    held.release();
  }
}
