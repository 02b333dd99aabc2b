const WIDTH = 24;
/** How often the block is printed where output goes to a file (ms). */
const PLAIN_EVERY_MS = 10_000;

/** What is shown while the demonstration runs: a bar, and one line an outcome. */
export interface ProgressView {
  /** 0 … 1. */
  readonly part: number;
  readonly summary: string;
  readonly outcomes: ReadonlyMap<string, number>;
}

/** A bar over one line an outcome; on a terminal it rewrites itself in place. */
export class ProgressBlock {
  readonly #terminal: boolean;
  #linesShown = 0;
  #lastPlainMs = Number.NEGATIVE_INFINITY;

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  show(view: ProgressView, nowMs: number): void {
    if (!this.#terminal && nowMs - this.#lastPlainMs < PLAIN_EVERY_MS) return;
    this.#lastPlainMs = nowMs;
    const part = Math.min(1, view.part);
    const full = Math.round(part * WIDTH);
    const bar = `${"█".repeat(full)}${"░".repeat(WIDTH - full)} ${String(Math.round(part * 100)).padStart(3)} %`;
    const lines = [`${bar}  ${view.summary}`];
    for (const [outcome, count] of view.outcomes)
      lines.push(`  ${outcome.padEnd(34)}${String(count).padStart(7)}`);
    if (this.#terminal && this.#linesShown > 0) process.stdout.write(`\u001b[${this.#linesShown}A\u001b[J`);
    this.#linesShown = lines.length;
    process.stdout.write(`${lines.join("\n")}\n`);
  }
}
