const WIDTH = 24;

/** What is counted while the demonstration runs. */
export interface ProgressCounts {
  readonly decisions: number;
  readonly admitted: number;
  readonly refused: number;
  readonly held: number;
  readonly filled: number;
  readonly price: string;
}

/** A bar that rewrites itself on a terminal, and a line every few seconds where output goes to a file. */
export class ProgressBar {
  readonly #terminal: boolean;
  #lastPlainAt = Number.NEGATIVE_INFINITY;

  constructor(terminal: boolean) {
    this.#terminal = terminal;
  }

  /** `part` from 0 to 1. */
  show(part: number, counts: ProgressCounts, nowMs: number): void {
    const full = Math.round(Math.min(1, part) * WIDTH);
    const bar = `${"█".repeat(full)}${"░".repeat(WIDTH - full)}`;
    const text =
      `${bar} ${String(Math.round(Math.min(1, part) * 100)).padStart(3)} %  ` +
      `decisions ${counts.decisions}  refused ${counts.refused}  admitted ${counts.admitted}  ` +
      `held ${counts.held}  filled ${counts.filled}  BTCUSDT ${counts.price}`;
    if (this.#terminal) process.stdout.write(`\r\u001b[2K${text}`);
    else if (nowMs - this.#lastPlainAt >= 5000) {
      this.#lastPlainAt = nowMs;
      process.stdout.write(`${text}\n`);
    }
  }

  /** A line of its own above the bar. */
  line(text: string): void {
    process.stdout.write(this.#terminal ? `\r\u001b[2K${text}\n` : `${text}\n`);
  }

  end(): void {
    if (this.#terminal) process.stdout.write("\n");
  }
}
