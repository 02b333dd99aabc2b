import { ADMISSION_REASONS, DENY_REASONS } from "../../contract/reasons.ts";
import { STATISTICS } from "../../contract/statistics.ts";
import type { Collector } from "../collector.ts";
import { countReply, countsReply } from "../count-reply.ts";

const REFUSING = {
  "ai-strategy-router": Object.keys(ADMISSION_REASONS),
  execution: Object.keys(DENY_REASONS),
} as const satisfies Record<string, readonly string[]>;

export interface DenialsState {
  readonly denials: readonly { readonly role: string; readonly reason: string; readonly count: number }[];
  readonly failOpen: number;
}

/**
 * Refusals by the reasons of the contract, and admissions without the shared rate counters. A reason that never
 * occurred reads 0: its first burst is seen as one.
 */
export const denialsCollector: Collector<"quantum_denials_total" | "quantum_fail_open_total", DenialsState> =
  {
    name: "denials",
    commands: ({ keys }) => [
      ...Object.entries(REFUSING).map(([role, reasons]) => [
        "HMGET",
        `${keys.statsPrefix}${role}`,
        ...reasons.map(STATISTICS.denied),
      ]),
      ["HGET", `${keys.statsPrefix}ai-strategy-router`, STATISTICS.failOpen],
    ],
    decode(replies) {
      const denials = Object.entries(REFUSING).flatMap(([role, reasons]) => {
        const counts = countsReply(replies.next());
        return reasons.map((reason, at) => ({ role, reason, count: counts[at] ?? 0 }));
      });
      return { denials, failOpen: countReply(replies.next()) };
    },
    readings: ({ denials, failOpen }) => ({
      quantum_denials_total: denials.map(({ role, reason, count }) => ({
        labels: { role, reason },
        value: count,
      })),
      quantum_fail_open_total: failOpen,
    }),
  };
