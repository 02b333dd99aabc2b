import type { DrillPanic } from "./call-drill-panic.ts";

/** The contract's timeline: a panic within 5.5 s of the kill, closed and halted within 15 s. */
const PANIC_WITHIN_MS = 5500;
const FLAT_WITHIN_MS = 15_000;

/** What the router may say of an entry while trading is halted; the kill switch is looked at before the halt. */
const DENIALS: readonly string[] = ["TRADING_HALTED", "KILL_SWITCH"];

interface DrillSight {
  readonly kind: "panic" | "brain";
  readonly panic: Pick<DrillPanic, "completion" | "eventId" | "panicAfterMs" | "marks">;
  readonly interrupted: boolean;
  /** Symbols that the venue says are open; undefined when it did not answer. */
  readonly openAfter: readonly string[] | undefined;
  /** The panic that the halt in Redis stands for; undefined when it does not stand. */
  readonly haltedBy: string | undefined;
  readonly haltFile: boolean;
  readonly entryVerdict: string | undefined;
  readonly entryText: string;
}

/** What did not hold, in words; nothing when the drill passed. Pure. */
export function judgeDrill(seen: DrillSight): readonly string[] {
  const { panic, openAfter, entryVerdict } = seen;
  const status = panic.completion?.status;
  const { flat } = panic.marks;
  const total = panic.completion?.positions_total ?? 0;
  const late = seen.kind === "brain" && (panic.panicAfterMs ?? Number.POSITIVE_INFINITY) > PANIC_WITHIN_MS;
  const said: readonly (readonly [holds: boolean, otherwise: string])[] = [
    [!seen.interrupted, "interrupted"],
    [panic.eventId !== "", "the watchdog called no panic"],
    [
      !late,
      `the panic came ${panic.panicAfterMs ?? "?"} ms after the last heartbeat, not within ${PANIC_WITHIN_MS}`,
    ],
    [status === "flat" || status === "joined", `the panic ended ${status ?? "without a completion in time"}`],
    [total > 0, "the worker found no position to close: nothing was proved"],
    [flat === null || flat <= FLAT_WITHIN_MS, `flat after ${flat} ms, not within ${FLAT_WITHIN_MS}`],
    [openAfter !== undefined, "the venue does not say whether anything is open"],
    [openAfter === undefined || openAfter.length === 0, `OPEN at the venue: ${openAfter?.join(", ")}`],
    [seen.haltedBy === panic.eventId, "the halt of this panic does not stand in Redis"],
    [seen.haltFile, "the halt file does not stand"],
    [
      entryVerdict !== undefined && DENIALS.includes(entryVerdict),
      `an entry was not denied for the halt: ${seen.entryText}`,
    ],
  ];
  return said.filter(([holds]) => !holds).map(([, otherwise]) => otherwise);
}
