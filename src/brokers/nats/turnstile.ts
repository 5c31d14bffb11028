/** Lets a bounded number of things go on at the same time, the others in the order in which they came. */
export class Turnstile {
  readonly #most: number;
  readonly #waiting: (() => void)[] = [];
  #passing = 0;

  constructor(most: number) {
    this.#most = most;
  }

  async pass<T>(action: () => Promise<T>): Promise<T> {
    if (this.#passing >= this.#most) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    else this.#passing++;
    try {
      return await action();
    } finally {
      // Whoever is next takes this place.
      const next = this.#waiting.shift();
      if (next) next();
      else this.#passing--;
    }
  }
}
