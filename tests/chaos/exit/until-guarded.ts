import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import type { Stage } from "./stage.ts";

/** Waits until the exit brain counts so many positions and each has its stop at the venue. */
export async function untilGuarded(stage: Stage, positions: number): Promise<void> {
  await waitFor(
    `the exit brain guards ${positions}`,
    async () =>
      (await readStream(stage.eye, stage.keys.heartbeatStream)).at(-1)?.fields["active_positions"] ===
      String(positions),
    { timeoutMs: 15_000, everyMs: 50 },
  );
  await waitFor("each has its stop", async () => (await stage.venue.stops()).length >= positions, {
    timeoutMs: 15_000,
    everyMs: 50,
  });
}
