import { expect, test } from "bun:test";
import { keysOf } from "../../lib/contract/keys.ts";
import { Simulation } from "./engine/simulation.ts";
import { startTimedRedis } from "./redis/timed-redis.ts";
import { Findings } from "./watch/findings.ts";
import { PanicWatch } from "./watch/panic-watch.ts";
import { PositionWatch } from "./watch/position-watch.ts";

/** What the watch finds when a second panic joins the first, and both end `afterMs` after that. */
async function findingsOf(how: { readonly cleared: boolean; readonly afterMs: number }) {
  const redis = await startTimedRedis();
  try {
    const simulation = new Simulation({ seed: 1, redis, folder: redis.folder, epochMs: 0 });
    const { timeline } = simulation;
    const keys = keysOf("");
    const findings = new Findings(() => ({ step: 0, atMs: timeline.nowUs / 1000 }));
    const positions = new PositionWatch(simulation.venue);
    const calmUs = () => 60_000_000;
    const watch = new PanicWatch({
      ...{ simulation, keys, findings, positions, calmUs },
      ...{ haltFile: `${redis.folder}/halted`, hosts: [] },
    });
    const wait = (ms: number) => {
      const untilUs = timeline.nowUs + ms * 1000;
      while (timeline.step(untilUs));
    };
    const call = (id: string) =>
      watch.after(["XADD", keys.panicStream, "*", "event_id", id, "issued_by", "ops"]);
    const end = (id: string, status: string) =>
      watch.after(["XADD", keys.panicCompletedStream, "*", "event_id", id, "status", status]);
    call("first");
    watch.after(["HSET", keys.tradingState, "halted", "true"]);
    wait(1500);
    if (how.cleared) watch.after(["HSET", keys.tradingState, "halted", "false"]);
    call("second");
    wait(how.afterMs);
    end("first", "flat");
    end("second", "joined");
    simulation.close();
    return findings.all.map(({ what }) => what);
  } finally {
    await redis.stop();
  }
}

test.each([
  [{ cleared: false, afterMs: 600 }, []],
  [{ cleared: true, afterMs: 2100 }, []],
  [{ cleared: true, afterMs: 600 }, ["panic second ended with another's run 600 ms after its halt"]],
])("a panic that joined one is judged by its own halt where that was newer: %o", async (how, found) => {
  expect(await findingsOf(how)).toEqual(found);
});
