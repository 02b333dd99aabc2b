import { POSITION_LAG_MS_MAX } from "../../exchange/position-lag.ts";
import type { CancelReport } from "./cancel-resting.ts";

/** Resting orders that could open a position, as rounds find them: the last of them may have filled just before it went. */
export class OpenersWatch {
  #lastMs: number;
  /** The reading before saw all that rested and all of it is cancelled: one without any says nothing new. */
  #gone = false;

  constructor(nowMs: number) {
    this.#lastMs = nowMs;
  }

  /** `nowMs`: when the round that read was over. */
  note({ resting, uncancelled }: Pick<CancelReport, "resting" | "uncancelled">, nowMs: number): void {
    if (!this.#gone || resting?.opening !== 0) this.#lastMs = nowMs;
    this.#gone = resting !== undefined && uncancelled.length === 0;
  }

  /** How long positions may yet leave out what one of them opened, ms; 0 or less: they name it. */
  settledInMs(nowMs: number): number {
    return this.#lastMs + POSITION_LAG_MS_MAX - nowMs;
  }
}
