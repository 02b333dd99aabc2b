import { systemClock } from "../../lib/daemon/clock.ts";

/** What the parts of lib/ take from outside, for use in the bench's own process. */
export const benchClock = systemClock;

export const quietLog = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };
