/** How long events took from their publisher to their clients, in µs. */
export class Latencies {
  #values = new Float64Array(4_096);
  #count = 0;

  add(micros: number): void {
    if (this.#count === this.#values.length) {
      const grown = new Float64Array(this.#count * 2);
      grown.set(this.#values);
      this.#values = grown;
    }
    this.#values[this.#count++] = micros;
  }

  clear(): void {
    this.#count = 0;
  }

  /** The value below which a part of all values lies, such as 0.99; 0 where there are none. */
  quantile(part: number): number {
    if (this.#count === 0) return 0;
    const sorted = this.#values.slice(0, this.#count).sort();
    return sorted[Math.min(this.#count - 1, Math.floor(this.#count * part))] ?? 0;
  }
}
