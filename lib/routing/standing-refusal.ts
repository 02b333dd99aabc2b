import type { AdmissionReason } from "../contract/reasons.ts";
import type { AdmissionVerdict } from "../kernel/admit.ts";

/** Refusals of every entry, until a switch is changed. */
const STANDING: readonly AdmissionReason[] = ["KILL_SWITCH", "TRADING_HALTED", "SAFE_MODE_ENABLED"];

/**
 * Whether a switch refused the last entry that got as far as the switches. An expectation and no verdict: Redis decides
 * about every entry anew.
 */
export class StandingRefusal {
  #stands = false;

  get stands(): boolean {
    return this.#stands;
  }

  observe(verdict: AdmissionVerdict): void {
    if (verdict.kind === "ADMITTED" || verdict.kind === "UNDECIDED") this.#stands = false;
    else if (verdict.kind === "DENIED" && STANDING.includes(verdict.reason)) this.#stands = true;
  }
}
