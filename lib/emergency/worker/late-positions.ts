/**
 * Says so when a position shows soon after a panic was called flat, while its halt stands: an entry came later, or was
 * listed later, than the venue allows for, and the panic that would have closed it is over.
 *
 * It is said once and not closed: with the halt standing the owner may trade by hand, and nothing here tells whose it is.
 */
import type { PanicCompletion } from "../../contract/panic.ts";
import { legKey } from "./panic-memory.ts";
import type { PanicVenue, WorkerClock, WorkerLog } from "./worker-parts.ts";

const WATCHED_MS = 30_000;
const EVERY_MS = 2000;
const COST = { weight: 5, orders: 0 } as const;

export interface LatePositionParts {
  readonly venue: Pick<PanicVenue, "admit" | "positions">;
  readonly clock: Pick<WorkerClock, "nowMs" | "sleep">;
  readonly log: Pick<WorkerLog, "error">;
  readonly observe: { positionAfterFlat(): void };
  /** How the last panic ended flat; undefined while one runs, and once its halt is cleared. */
  ended(): PanicCompletion | undefined;
}

/** Until the signal aborts. */
export async function watchLatePositions(parts: LatePositionParts, signal: AbortSignal): Promise<void> {
  const { venue, clock, log, observe } = parts;
  let said = new Set<string>();
  let panic: string | undefined;
  while (!signal.aborted) {
    await clock.sleep(EVERY_MS, signal);
    const ended = parts.ended();
    if (signal.aborted || ended === undefined || clock.nowMs() - ended.ts_completed > WATCHED_MS) continue;
    // Nothing of the share that a panic may need.
    if (venue.admit("entry", COST).kind !== "ok") continue;
    const reading = await venue.positions();
    if (!reading.ok || parts.ended() !== ended) continue;
    const { event_id } = ended;
    if (panic !== event_id) said = leftOpen(ended);
    panic = event_id;
    for (const { symbol, positionSide, quantity } of reading.value) {
      const key = legKey(symbol, positionSide);
      if (said.has(key)) continue;
      said.add(key);
      observe.positionAfterFlat();
      log.error(
        { event_id, position: key, quantity },
        "POSITION_AFTER_FLAT: the panic is over, nothing closes it",
      );
    }
  }
}

/** What the panic has named as dust. */
function leftOpen({ results }: PanicCompletion): Set<string> {
  const open = results.filter(({ closed }) => !closed);
  return new Set(open.map(({ symbol, position_side }) => legKey(symbol, position_side)));
}
