import { z } from "zod";
import { COMPLETION_STATUSES, type PanicCompletion, positionResultSchema } from "../../contract/panic.ts";

const WORKER_ANSWERS_WITHIN_MS = 200;

const count = z.int().nonnegative();
const viewSchema = z.object({
  positions: z.array(z.object({ orders: z.array(z.unknown()) })).default([]),
  completion: z
    .object({
      event_id: z.string(),
      status: z.enum(COMPLETION_STATUSES),
      detail: z.string(),
      ...{ positions_total: count, positions_closed: count, positions_failed: count },
      failed_symbols: z.array(z.string()),
      results: z.array(positionResultSchema),
      ...{ ts_started: count, ts_completed: count, execution_time_ms: count },
    })
    .nullish(),
});

/** What the emergency exit worker says of a panic. */
export interface WorkerPanic {
  /** Orders that it has sent for it. */
  readonly orders: number;
  /** Its latest, which Redis may not have taken yet. */
  readonly completion: PanicCompletion | undefined;
}

/** Asks the worker's admin server; undefined when it does not say. Never rejects. */
export async function readWorkerPanic(workerUrl: string, eventId: string): Promise<WorkerPanic | undefined> {
  try {
    const response = await fetch(`${workerUrl}/v1/panic/${eventId}`, {
      signal: AbortSignal.timeout(WORKER_ANSWERS_WITHIN_MS),
    });
    const view = viewSchema.safeParse(await response.json()).data;
    if (view === undefined) return undefined;
    return {
      orders: view.positions.reduce((sum, { orders }) => sum + orders.length, 0),
      completion: view.completion ?? undefined,
    };
  } catch {
    return undefined;
  }
}
