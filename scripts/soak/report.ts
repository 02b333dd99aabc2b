import type { Verdict } from "./verdicts.ts";

const HEAD = ["process", "measure", "start", "end", "rise", "95 %", "allowed", "per hour", "verdict"];
const LEFT: ReadonlySet<number> = new Set([0, 1, 8]);

/** A table of every measure: start, end, what it rises by within the window, how sure that is, and what it is called. */
export function verdictTable(verdicts: readonly Verdict[]): string {
  const rows = verdicts.map(({ subject, measure, trend }) => {
    if (trend === undefined) return [subject, measure, "", "", "", "", "", "", "too short"];
    const { start, end, rise, riseLow, riseHigh, allowed, perHour, verdict } = trend;
    const range = `${riseLow.toFixed(1)} … ${riseHigh.toFixed(1)}`;
    const [from, to, by, most, hourly] = [start, end, rise, allowed, perHour].map((value) =>
      value.toFixed(1),
    );
    return [subject, measure, from, to, by, range, most, hourly, WORDS[verdict]].map((cell) => cell ?? "");
  });
  const all = [HEAD, ...rows];
  const widths = HEAD.map((_, column) => Math.max(...all.map((row) => row[column]?.length ?? 0)));
  return all
    .map((row) =>
      row
        .map((cell, at) => (LEFT.has(at) ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join("  ")
        .trimEnd(),
    )
    .join("\n");
}

const WORDS = { flat: "flat", grows: "GROWS", unsure: "UNSURE" } as const;
