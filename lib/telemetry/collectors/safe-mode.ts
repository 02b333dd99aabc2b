import { integerReply } from "../../redis/reply.ts";
import type { Collector } from "../collector.ts";

export interface SafeModeState {
  readonly on: boolean;
  /** Whole seconds until it ends by itself, rounded up; -1 no end, -2 off. */
  readonly ttlSec: number;
}

/** Safe mode as the admission sees it: anything but absent or "0" is on, a value of another type too. */
export const safeModeCollector: Collector<
  "quantum_safety_safe_mode" | "quantum_safety_safe_mode_ttl_seconds",
  SafeModeState
> = {
  name: "safe-mode",
  commands: ({ keys }) => [
    ["GET", keys.safeMode],
    ["PTTL", keys.safeMode],
  ],
  decode(replies) {
    const value = replies.nextUnlessUnreadable();
    const ttlMs = integerReply(replies.next());
    const on = value !== null && value !== "0";
    if (!on) return { on, ttlSec: -2 };
    return { on, ttlSec: ttlMs < 0 ? -1 : Math.ceil(ttlMs / 1000) };
  },
  readings: ({ on, ttlSec }) => ({
    quantum_safety_safe_mode: on ? 1 : 0,
    quantum_safety_safe_mode_ttl_seconds: ttlSec,
  }),
};
