import { FAULT_REASONS } from "../../contract/fault-event.ts";
import { STATISTICS } from "../../contract/statistics.ts";
import { recordReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";
import { countReply } from "../count-reply.ts";
import { labelText } from "../label-text.ts";
import type { LabelledValue } from "../readings.ts";

/** Symbols with series of their own; the rest, whatever decisions say in their place, is counted as one. */
const SYMBOLS_MAX = 250;
/** What the rest is called: no venue has a symbol in lower case. */
const REST = "others";
const FIELD = /^fault:(.*):([A-Z_]+)$/s;
const REASONS: readonly string[] = FAULT_REASONS;

export interface FaultCountsState {
  readonly total: number;
  /** Symbols that have series of their own, for as long as the process lives: no series moves under the rest. */
  readonly named: ReadonlySet<string>;
  readonly counts: readonly LabelledValue<"symbol" | "reason">[];
}

/**
 * Faults by symbol and reason, from the counters that the kernel keeps beside the stream: they survive its trimming.
 * At the first sample the symbols with the most faults get their own series; another process may choose others, so
 * alerts are about the total and not about these.
 */
export const faultCountsCollector: Collector<
  "quantum_safety_faults_total" | "quantum_safety_fault_events_total",
  FaultCountsState
> = {
  name: "fault-counts",
  commands: ({ keys }) => [["HGETALL", `${keys.statsPrefix}ai-strategy-router`]],
  decode(replies, _input, before) {
    const bySymbol = new Map<string, Map<string, number>>();
    const fields = recordReply(replies.next());
    for (const [field, text] of Object.entries(fields)) {
      const [, symbol, reason] = FIELD.exec(field) ?? [];
      if (symbol === undefined || reason === undefined || !REASONS.includes(reason)) continue;
      const reasons = bySymbol.get(symbol) ?? new Map<string, number>();
      bySymbol.set(symbol, reasons.set(reason, Number(text) || 0));
    }
    const named = chooseNamed(bySymbol, before?.named ?? new Set());
    return { total: countReply(fields[STATISTICS.faults]), named, counts: countsOf(bySymbol, named) };
  },
  readings: ({ total, counts }) => ({
    quantum_safety_fault_events_total: total,
    quantum_safety_faults_total: counts,
  }),
};

type BySymbol = ReadonlyMap<string, ReadonlyMap<string, number>>;

function chooseNamed(bySymbol: BySymbol, before: ReadonlySet<string>): ReadonlySet<string> {
  const total = (symbol: string) =>
    [...(bySymbol.get(symbol)?.values() ?? [])].reduce((sum, n) => sum + n, 0);
  const kept = [...before].filter((symbol) => bySymbol.has(symbol));
  const fresh = [...bySymbol.keys()].filter((symbol) => !before.has(symbol));
  const ranked = fresh.sort((a, b) => total(b) - total(a) || (a < b ? -1 : 1));
  return new Set([...kept, ...ranked].slice(0, SYMBOLS_MAX));
}

function countsOf(bySymbol: BySymbol, named: ReadonlySet<string>): FaultCountsState["counts"] {
  const series = new Map<string, { labels: Record<"symbol" | "reason", string>; value: number }>();
  for (const [symbol, reasons] of bySymbol) {
    const label = named.has(symbol) ? labelText(symbol) : REST;
    for (const [reason, count] of reasons) {
      const id = `${label} ${reason}`;
      const one = series.get(id) ?? { labels: { symbol: label, reason }, value: 0 };
      one.value += count;
      series.set(id, one);
    }
  }
  return [...series.values()];
}
