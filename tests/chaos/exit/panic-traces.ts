import { join } from "node:path";
import { z } from "zod";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type PanicCompletion, panicCompletionSchema } from "../../../lib/contract/panic.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import type { Stage } from "./stage.ts";

const recordSchema = z.looseObject({ type: z.string() });
type JournalType =
  | "accepted"
  | "halt_confirmed"
  | "found"
  | "signed"
  | "settled"
  | "completed"
  | "published"
  | "cleared";

/** Where the worker writes down how far it is. */
export const journalFile = (stage: Stage) =>
  join(stage.folder, "state", "emergency-exit-worker", "panics.jsonl");

/** How many records of a type the worker's journal has; a line that is being written does not count. */
export async function journalCount(stage: Stage, type: JournalType): Promise<number> {
  const file = Bun.file(journalFile(stage));
  if (!(await file.exists())) return 0;
  const lines = (await file.text()).split("\n").slice(0, -1);
  return lines.filter((line) => recordSchema.parse(JSON.parse(line)).type === type).length;
}

const closeSchema = z.looseObject({
  symbol: z.string(),
  positionSide: z.string(),
  clientOrderId: z.string(),
  executedQty: z.string(),
});

/** Orders of panics that the venue executed, wholly or in part, by symbol and position side. */
export async function panicCloses(stage: Stage): Promise<ReadonlyMap<string, number>> {
  const counts = new Map<string, number>();
  for (const order of z.array(closeSchema).parse(await stage.venue.orders())) {
    if (!order.clientOrderId.startsWith("panic-") || Number(order.executedQty) === 0) continue;
    const leg = `${order.symbol} ${order.positionSide}`;
    counts.set(leg, (counts.get(leg) ?? 0) + 1);
  }
  return counts;
}

/** Every completion so far, oldest first. */
export async function completionsOf(stage: Stage): Promise<readonly PanicCompletion[]> {
  const entries = await readStream(stage.eye, stage.keys.panicCompletedStream);
  return entries.map(({ fields }) => panicCompletionSchema.parse(fields));
}

/** The completion of a panic that is not `failed`. */
export function lastCompletionOf(stage: Stage, eventId: string, timeoutMs = 30_000) {
  return waitFor(
    `panic ${eventId} is over`,
    async () =>
      (await completionsOf(stage)).find((one) => one.event_id === eventId && one.status !== "failed"),
    { timeoutMs, everyMs: 20 },
  );
}

/** Waits until every entry of the panic stream was read and acknowledged. */
export async function untilPanicsAcknowledged(stage: Stage): Promise<void> {
  await waitFor(
    "every panic is acknowledged",
    async () => {
      const groups = await stage.eye.command("XINFO", "GROUPS", stage.keys.panicStream);
      const listed = (Array.isArray(groups) ? groups : []).map((one) => (Array.isArray(one) ? one : []));
      const own = listed.find((one) => one[1] === GROUPS.emergencyExitWorker);
      return own?.[own.indexOf("pending") + 1] === 0 && own[own.indexOf("lag") + 1] === 0;
    },
    { timeoutMs: 10_000, everyMs: 20 },
  );
}

/** `halted` as it stands in Redis; undefined when nobody ever wrote it. */
export async function haltedInRedis(stage: Stage): Promise<string | undefined> {
  const value = await stage.eye.command("HGET", stage.keys.tradingState, "halted");
  return value === null ? undefined : String(value);
}
