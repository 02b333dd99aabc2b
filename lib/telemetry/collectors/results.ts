import { RESULT_STATUSES } from "../../contract/execution-result.ts";
import { STATISTICS } from "../../contract/statistics.ts";
import { PROFIT_GATES } from "../../gates/profit-gate.ts";
import type { Collector } from "../collector.ts";
import { countsReply } from "../count-reply.ts";

const GATES = PROFIT_GATES.map(({ reason }) => reason);

interface Counted {
  readonly name: string;
  readonly count: number;
}

export interface ResultsState {
  readonly outcomes: readonly Counted[];
  readonly held: readonly Counted[];
  readonly wouldHold: readonly Counted[];
}

/** How intents ended, and what the profit gates held or, in audit mode, would have held. */
export const resultsCollector: Collector<
  "quantum_orders_total" | "quantum_holds_total" | "quantum_would_hold_total",
  ResultsState
> = {
  name: "results",
  commands({ keys }) {
    const stats = `${keys.statsPrefix}execution`;
    return [
      ["HMGET", stats, ...RESULT_STATUSES.map(STATISTICS.outcome)],
      ["HMGET", stats, ...GATES.map(STATISTICS.held)],
      ["HMGET", stats, ...GATES.map(STATISTICS.wouldHold)],
    ];
  },
  decode(replies) {
    const counted = (names: readonly string[]) => {
      const counts = countsReply(replies.next());
      return names.map((name, at) => ({ name, count: counts[at] ?? 0 }));
    };
    return { outcomes: counted(RESULT_STATUSES), held: counted(GATES), wouldHold: counted(GATES) };
  },
  readings: ({ outcomes, held, wouldHold }) => ({
    quantum_orders_total: outcomes.map(({ name, count }) => ({ labels: { outcome: name }, value: count })),
    quantum_holds_total: held.map(({ name, count }) => ({ labels: { gate: name }, value: count })),
    quantum_would_hold_total: wouldHold.map(({ name, count }) => ({ labels: { gate: name }, value: count })),
  }),
};
