import type { RawRedis } from "./raw-redis.ts";

const TICK_MS = 5;
/** Commands of one write: enough for the highest rate, few enough that a stalled server is not buried. */
const WRITE_MAX = 4000;

/** What was really sent, by the time of the last reply. */
export interface Flooded {
  readonly sent: number;
  readonly elapsedMs: number;
}

/**
 * Sends commands, over and over the same ones, at a rate. A server that does not keep up is given what is due as
 * soon as it has answered, so the rate comes out lower and no queue grows here.
 */
export async function flood(
  raw: RawRedis,
  commands: readonly Buffer[],
  pace: { readonly perSec: number; readonly forMs: number },
): Promise<Flooded> {
  const startMs = performance.now();
  let sent = 0;
  for (;;) {
    const elapsedMs = performance.now() - startMs;
    if (elapsedMs >= pace.forMs) return { sent, elapsedMs };
    const due = Math.min(WRITE_MAX, Math.floor((pace.perSec * elapsedMs) / 1000) - sent);
    if (due <= 0) {
      await Bun.sleep(TICK_MS);
      continue;
    }
    const from = sent % commands.length;
    const batch = commands.slice(from, from + due);
    await raw.drive(batch, batch.length);
    sent += batch.length;
  }
}
