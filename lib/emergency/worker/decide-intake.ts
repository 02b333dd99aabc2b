/** Whether a panic from the stream is run. Pure. */
export type IntakeDecision =
  | { readonly kind: "run" }
  /** Over already, by Redis or by the journal. */
  | { readonly kind: "done" }
  | { readonly kind: "refuse"; readonly reason: "BEFORE_INSTALL" | "HALT_CLEARED_SINCE" };

/**
 * Age alone is no reason: an old panic that nobody processed is run, unless the worker was installed after
 * it, or an operator cleared a halt after it. All times are the Redis server's, epoch ms.
 */
export function decideIntake(input: {
  readonly done: boolean;
  /** Accepted before, by this journal: it goes on. */
  readonly known: boolean;
  /** When the entry was added to the stream. */
  readonly addedMs: number;
  readonly installedBeforeMs: number | undefined;
  /** 0: never, or not known. */
  readonly clearedMs: number;
}): IntakeDecision {
  if (input.done) return { kind: "done" };
  if (input.known) return { kind: "run" };
  if (input.addedMs < (input.installedBeforeMs ?? 0)) return { kind: "refuse", reason: "BEFORE_INSTALL" };
  if (input.addedMs < input.clearedMs) return { kind: "refuse", reason: "HALT_CLEARED_SINCE" };
  return { kind: "run" };
}
