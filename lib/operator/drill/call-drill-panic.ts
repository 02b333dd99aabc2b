import type { PanicCompletion } from "../../contract/panic.ts";
import type { CommandContext } from "../command-context.ts";
import { awaitCompletion, followPanic, lastCompletionId, type PanicSight } from "../panic/follow-panic.ts";
import { timelineLines } from "../panic/timeline-lines.ts";
import { newestEntries } from "../read-streams.ts";
import { awaitPanic } from "./await-panic.ts";
import { stopExitBrain } from "./stop-exit-brain.ts";

/** A panic that was called and followed; times in ms since its publication. */
export interface DrillPanic {
  readonly kind: "called";
  readonly eventId: string;
  readonly reason: string;
  readonly completion: PanicCompletion | undefined;
  /** brain: from the last heartbeat to the panic. */
  readonly panicAfterMs: number | null;
  readonly marks: {
    readonly halted: number | null;
    readonly firstClose: number | null;
    readonly flat: number | null;
  };
  readonly timeline: readonly string[];
}

interface Call {
  readonly kind: "panic" | "brain";
  readonly wait: number;
  readonly workerUrl: string;
}

/** Calls the panic, or stops the exit brain and waits for the watchdog's, and follows it to its end. */
export async function callDrillPanic(
  context: CommandContext,
  call: Call,
): Promise<DrillPanic | { readonly kind: "none"; readonly why: string }> {
  return call.kind === "panic" ? await panicOfOps(context, call) : await panicOfWatchdog(context, call);
}

async function panicOfOps(context: CommandContext, call: Call): Promise<DrillPanic> {
  const event = {
    ...{ event_id: crypto.randomUUID(), reason: "DRILL", ts: context.clock.nowMs() },
    ...({ severity: "CRITICAL", issued_by: "ops" } as const),
  };
  const notes = takeNotes(context, event.event_id);
  const completion = await followPanic(partsOf(context, call, notes.onSight), event);
  return notes.close({ reason: event.reason, completion, panicAfterMs: null });
}

async function panicOfWatchdog(
  context: CommandContext,
  call: Call,
): Promise<DrillPanic | { readonly kind: "none"; readonly why: string }> {
  const after = await lastCompletionId(context);
  const [newest] = await newestEntries(context.redis, context.keys.panicStream, 1);
  const stopped = await stopExitBrain(context);
  if (stopped.kind === "failed") return { kind: "none", why: stopped.why };
  const panic = await awaitPanic(context, newest?.id ?? "0-0");
  if (panic === undefined) {
    context.print("the watchdog called no panic; start the exit brain again if it is stopped");
    const end = { reason: "", completion: undefined, panicAfterMs: null };
    return takeNotes(context, "").close(end);
  }
  const notes = takeNotes(context, panic.eventId);
  const startedMs = context.clock.monotonicMs() - Math.max(0, context.redis.serverNowMs() - panic.atMs);
  context.print(
    `${" ".repeat(10)}  the watchdog called ${panic.reason}, ${panic.afterBeatMs} ms after the last beat`,
  );
  notes.onSight({ kind: "published", id: panic.entryId }, 0);
  const completion = await awaitCompletion(partsOf(context, call, notes.onSight), {
    ...{ eventId: panic.eventId, after, startedMs },
  });
  if (stopped.kind === "by hand") context.print("start the exit brain again");
  return notes.close({ reason: panic.reason, completion, panicAfterMs: panic.afterBeatMs });
}

function partsOf(context: CommandContext, call: Call, onSight: (sight: PanicSight, atMs: number) => void) {
  const { redis, keys, clock, signal } = context;
  return { redis, keys, clock, signal, onSight, workerUrl: call.workerUrl, waitMs: call.wait * 1000 };
}

/** Prints each sight and keeps when it was seen. */
function takeNotes(context: CommandContext, eventId: string) {
  const timeline: string[] = [];
  const marks: { halted: number | null; firstClose: number | null; flat: number | null } = {
    ...{ halted: null, firstClose: null, flat: null },
  };
  return {
    onSight: (sight: PanicSight, atMs: number) => {
      if (sight.kind === "halted") marks.halted = atMs;
      if (sight.kind === "first-close") marks.firstClose = atMs;
      if (sight.kind === "completion" && sight.completion.status !== "failed") marks.flat = atMs;
      const lines = timelineLines(sight, atMs, eventId);
      timeline.push(...lines);
      lines.forEach(context.print);
    },
    close: (end: Pick<DrillPanic, "reason" | "completion" | "panicAfterMs">): DrillPanic => ({
      ...{ kind: "called", eventId, marks, timeline, ...end },
    }),
  };
}
