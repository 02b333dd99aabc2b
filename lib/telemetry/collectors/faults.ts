import { integerReply, listReply } from "../../redis/reply.ts";
import { decodeEntries } from "../../redis/stream-entry.ts";
import type { Collector } from "../collector.ts";
import { entryTimeMs } from "../entry-time.ts";
import { labelText } from "../label-text.ts";

const HOUR_MS = 3_600_000;
const RECENT = 10;

export interface RecentFault {
  readonly id: string;
  readonly atMs: number;
  readonly reason: string;
  readonly symbol: string;
  readonly side: string;
  /** `3/2 of all, 0/1 of the symbol`: counts against their limits. */
  readonly counts: { readonly global: string; readonly symbol: string };
  /** Refusals it stands for; 1 for a fault of its own. */
  readonly standsFor: number;
}

export interface FaultsState {
  readonly length: number;
  readonly lastHour: number;
  /** Newest first. */
  readonly recent: readonly RecentFault[];
}

/**
 * The fault stream. The last hour is counted by entry ids, and read no further back than FAULT_LOOKBACK_MAX events:
 * more than that in an hour shows as exactly that.
 */
export const faultsCollector: Collector<
  | "quantum_safety_fault_stream_length"
  | "quantum_safety_faults_last_1h"
  | "quantum_safety_last_fault_timestamp"
  | "quantum_safety_last_fault_info",
  FaultsState
> = {
  name: "faults",
  commands: ({ keys, nowMs, limits }) => [
    ["XLEN", keys.faultStream],
    ["XREVRANGE", keys.faultStream, "+", "-", "COUNT", String(RECENT)],
    ["XREVRANGE", keys.faultStream, "+", String(nowMs - HOUR_MS), "COUNT", String(limits.faultLookbackMax)],
  ],
  decode(replies) {
    const length = integerReply(replies.next());
    const recent = decodeEntries(replies.next()).entries.map(({ id, fields }) => recentFault(id, fields));
    return { length, recent, lastHour: listReply(replies.next()).length };
  },
  readings({ length, lastHour, recent: [last] }) {
    return {
      quantum_safety_fault_stream_length: length,
      quantum_safety_faults_last_1h: lastHour,
      quantum_safety_last_fault_timestamp: last === undefined ? 0 : last.atMs / 1000,
      quantum_safety_last_fault_info:
        last === undefined
          ? []
          : [{ labels: { reason: last.reason, side: last.side, symbol: last.symbol }, value: 1 }],
    };
  },
};

function recentFault(id: string, fields: Readonly<Record<string, string>>): RecentFault {
  const text = (name: string) => labelText(fields[name] ?? "");
  return {
    id,
    atMs: entryTimeMs(id),
    reason: text("reason"),
    symbol: text("symbol"),
    side: text("side"),
    counts: {
      global: `${text("global_count")}/${text("global_max")}`,
      symbol: `${text("symbol_count")}/${text("symbol_max")}`,
    },
    standsFor: Math.max(1, Number(fields["suppressed"] ?? "1") || 1),
  };
}
