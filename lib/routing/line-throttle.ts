import type { LogLine } from "./admission-log.ts";

/** Lines of one kind a second; a flood of refusals must not become a flood of log lines. */
const LINES_A_SECOND_MAX = 20;

/**
 * Lets through what a person can read: of every kind of line at most 20 a second. The first one after a
 * pause says how many were left out; lines of level error always pass.
 */
export class LineThrottle {
  readonly #monotonicMs: () => number;
  readonly #kinds = new Map<string, { second: number; count: number; leftOut: number }>();

  constructor(monotonicMs: () => number) {
    this.#monotonicMs = monotonicMs;
  }

  /** The line to write, with `left_out` where lines of its kind are missing; undefined to write none. */
  pass(line: LogLine): LogLine | undefined {
    if (line.level === "error") return line;
    const bar = line.message.indexOf("|");
    const kind = (bar < 0 ? line.message : line.message.slice(0, bar)) + (line.fields["reason"] ?? "");
    const second = Math.floor(this.#monotonicMs() / 1000);
    const seen = this.#kinds.get(kind) ?? { second, count: 0, leftOut: 0 };
    this.#kinds.set(kind, seen);
    if (seen.second !== second) Object.assign(seen, { second, count: 0 });
    seen.count += 1;
    if (seen.count > LINES_A_SECOND_MAX) {
      seen.leftOut += 1;
      return undefined;
    }
    if (seen.leftOut === 0) return line;
    const fields = { ...line.fields, left_out: seen.leftOut };
    seen.leftOut = 0;
    return { ...line, fields };
  }
}
