const KEPT = 4000;
const LINE_LENGTH_MAX = 400;

/**
 * What happened, in order: the newest lines to read, and one hash over all of them. Two runs of one seed must agree
 * in it to the last byte.
 */
export class Trace {
  #hash = 0n;
  #lines: string[] = [];
  #count = 0;

  /** `hidden` is a text of this machine alone, the run's folder: it does not count. */
  hidden = "";

  say(atUs: number, who: string, what: string): void {
    const said = this.hidden === "" ? what : what.replaceAll(this.hidden, "");
    const line = `${(atUs / 1000).toFixed(3)} ${who} ${said}`;
    this.#hash = Bun.hash.wyhash(line, this.#hash);
    this.#count += 1;
    if (this.#lines.length >= 2 * KEPT) this.#lines = this.#lines.slice(-KEPT);
    this.#lines.push(line.length > LINE_LENGTH_MAX ? `${line.slice(0, LINE_LENGTH_MAX)}…` : line);
  }

  get hash(): string {
    return this.#hash.toString(16).padStart(16, "0");
  }

  get count(): number {
    return this.#count;
  }

  newest(lines: number): readonly string[] {
    return this.#lines.slice(-lines);
  }
}
