import { isBeforeId } from "../../redis/entry-order.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";

/** Whether a panic from the stream is run. Pure. */
export type IntakeDecision =
  | { readonly kind: "run" }
  /** Over already, by Redis or by the journal. */
  | { readonly kind: "done" }
  | { readonly kind: "refuse"; readonly reason: "BEFORE_INSTALL" | "HALT_CLEARED_SINCE" };

/**
 * Age alone is no reason: an old panic that nobody processed is run, unless the worker was installed after it, or an
 * operator cleared a halt after it. After it is by the stream's order: a Redis clock that goes back, or a failover to
 * a slower one, must not make a new panic look like one that was answered.
 */
export function decideIntake(input: {
  readonly done: boolean;
  /** Accepted before, by this journal: it goes on. */
  readonly known: boolean;
  /** The entry's. */
  readonly id: string;
  /** The Redis server's clock, epoch ms. */
  readonly installedBeforeMs: number | undefined;
  /** The stream's newest id at the installation; undefined: not known. */
  readonly installedThrough: string | undefined;
  /** The stream's newest id at the last clearing; undefined: never, or not known. */
  readonly clearedThrough: string | undefined;
}): IntakeDecision {
  const { id, clearedThrough } = input;
  if (input.done) return { kind: "done" };
  if (input.known) return { kind: "run" };
  if (isBeforeInstallation(input)) return { kind: "refuse", reason: "BEFORE_INSTALL" };
  if (clearedThrough !== undefined && !isBeforeId(clearedThrough, id)) {
    return { kind: "refuse", reason: "HALT_CLEARED_SINCE" };
  }
  return { kind: "run" };
}

/** Old by its time, and there already: a clock that was ahead then would have every panic refused until it is caught up. */
function isBeforeInstallation(
  input: Pick<Parameters<typeof decideIntake>[0], "id" | "installedBeforeMs" | "installedThrough">,
): boolean {
  const { id, installedBeforeMs = 0, installedThrough: through } = input;
  return entryTimeMs(id) < installedBeforeMs && (through === undefined || !isBeforeId(through, id));
}
