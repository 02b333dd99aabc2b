import { recordReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";

/** What the watchdog itself says, so that a new state of its needs no change here. */
const STATE = /^[A-Z_]{1,32}$/;

export interface WatchdogView {
  /** Undefined: no watchdog has ever written one. */
  readonly state: string | undefined;
  /** Epoch ms on the watchdog's clock; 0 unknown. */
  readonly sinceMs: number;
  /** Why it called its last panic; empty without one. */
  readonly reason: string;
}

/** The state of the exit brain's watchdog, as it last wrote it: whether it is alive is its role key's to say. */
export const watchdogCollector: Collector<"quantum_watchdog_state", WatchdogView> = {
  name: "watchdog",
  commands: ({ keys }) => [["HGETALL", keys.watchdogState]],
  decode(replies) {
    const fields = recordReply(replies.next());
    const state = fields["state"] ?? "";
    const since = fields["state_since"] ?? "";
    return {
      state: STATE.test(state) ? state : undefined,
      sinceMs: /^\d{1,15}$/.test(since) ? Number(since) : 0,
      reason: fields["reason"] ?? "",
    };
  },
  readings: ({ state }) => ({
    quantum_watchdog_state: state === undefined ? [] : [{ labels: { state }, value: 1 }],
  }),
};
