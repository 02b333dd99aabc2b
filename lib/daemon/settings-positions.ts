import { decimalSetting, integerSetting } from "./settings-number.ts";
import { choiceSetting } from "./settings-text.ts";

/** How open positions are guarded: execution and the exit brain must agree on it. */
export const positionSettings = {
  PROTECTIVE_STOP: choiceSetting({
    choices: ["exchange", "none"],
    fallback: "exchange",
    description: "exchange: every position has a stop that rests at the venue and survives this machine.",
  }),
  DEFAULT_STOP_PCT: decimalSetting({
    fallback: "2",
    min: "0.01",
    max: "90",
    description: "Stop of a position without a plan, percent from the mark at adoption.",
  }),
  DEFAULT_TARGET_PCT: decimalSetting({
    fallback: "4",
    min: "0.01",
    max: "1000",
    description: "Target of a position without a plan, percent from the mark at adoption.",
  }),
  DEFAULT_MAX_HOLD_SEC: integerSetting({
    fallback: 14_400,
    min: 1,
    max: 31_536_000,
    description: "Longest time a position is held by its plan, seconds.",
  }),
} as const;
