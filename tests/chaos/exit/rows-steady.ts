import { loadavg } from "node:os";
import { entryTimeMs } from "../../../lib/redis/entry-time.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { results, WIDE_OPEN } from "../../support/pipeline.ts";
import { startLoad } from "../../support/steady-load.ts";
import { HELD_PRICES } from "../../support/valid-trade.ts";
import { must } from "./must.ts";
import { haltedInRedis } from "./panic-traces.ts";
import type { Scenario } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";
import type { Timeline } from "./timeline.ts";
import { untilGuarded } from "./until-guarded.ts";
import { simulated } from "./venue-hand.ts";

/** `CHAOS_MINUTES` shortens or lengthens it. */
const MINUTES = Number(Bun.env["CHAOS_MINUTES"] ?? "30");
const POSITIONS = 5;
const SPIKE_MS = 1000;
const SPIKE_EVERY_MS = 15_000;
/** More often than this is a crash loop's rhythm, had the restarts not been announced. */
const RESTART_EVERY_MS = 15_000;
const LOAD_EVERY_MS = 500;

/** Redis answers nobody for a second. */
async function spike(stage: Stage): Promise<void> {
  const redis = stage.redis.process();
  redis.signal("SIGSTOP");
  await Bun.sleep(SPIKE_MS);
  redis.signal("SIGCONT");
}

/** As an upgrade does it: SIGTERM, which is announced, and a start. Returns how long it was away, ms. */
async function restart(stage: Stage): Promise<number> {
  const brain = stage.role("exit-brain");
  const before = (await readStream(stage.eye, stage.keys.heartbeatStream)).at(-1)?.fields["instance_id"];
  const beganMs = performance.now();
  await brain.process().stop();
  await brain.start();
  await waitFor(
    "the new exit brain beats",
    async () => {
      const last = (await readStream(stage.eye, stage.keys.heartbeatStream)).at(-1)?.fields;
      return last?.["instance_id"] !== before && last?.["status"] !== "STOPPING";
    },
    { timeoutMs: 10_000 },
  );
  return Math.round(performance.now() - beganMs);
}

/** Between the panic and the beat before it, by Redis' clock: whether the brain or the machine was to blame. */
async function beatBefore(stage: Stage, panicId: string): Promise<string> {
  const beats = await readStream(stage.eye, stage.keys.heartbeatStream);
  const last = beats.findLast(({ id }) => entryTimeMs(id) <= entryTimeMs(panicId));
  const next = beats.find(({ id }) => entryTimeMs(id) > entryTimeMs(panicId));
  const agoMs = entryTimeMs(panicId) - entryTimeMs(last?.id ?? "0");
  const until =
    next === undefined ? "none since" : `the next ${entryTimeMs(next.id) - entryTimeMs(panicId)} ms after it`;
  return `the last beat, ${last?.fields["status"]}, ${agoMs} ms before, ${until}`;
}

async function mustBeCalm(stage: Stage, since: string): Promise<void> {
  const [panic] = await readStream(stage.eye, stage.keys.panicStream);
  if (panic !== undefined) {
    const evidence = await beatBefore(stage, panic.id);
    must(false, `${since}: a panic ${panic.fields["reason"]}; ${evidence}; load ${loadavg()[0]?.toFixed(1)}`);
  }
  must((await haltedInRedis(stage)) !== "true", `${since}: a halt`);
  must(!stage.haltFileStands(), `${since}: a halt file`);
}

async function steady(): Promise<Timeline> {
  await using stage = await openStage({ env: WIDE_OPEN_AND_CALM });
  for (const [symbol, price] of Object.entries(HELD_PRICES)) {
    await stage.venue.control("market", { symbol, price });
  }
  await stage.venue.openPositions(simulated(POSITIONS));
  await untilGuarded(stage, POSITIONS);
  const startedMs = Date.now();
  const load = startLoad(stage, LOAD_EVERY_MS);
  const happened = { spikes: 0, restarts: 0, longestMs: 0 };
  try {
    while (Date.now() - startedMs < MINUTES * 60_000) {
      const roundMs = Date.now();
      await spike(stage);
      happened.spikes += 1;
      await mustBeCalm(stage, "after a spike");
      await Bun.sleep(SPIKE_EVERY_MS / 2);
      happened.longestMs = Math.max(happened.longestMs, await restart(stage));
      happened.restarts += 1;
      await mustBeCalm(stage, "after a restart");
      await Bun.sleep(Math.max(0, roundMs + RESTART_EVERY_MS - Date.now()));
    }
  } finally {
    await load.stop();
  }
  const outcomes = await results(stage);
  const filled = outcomes.filter((one) => one.status === "filled").length;
  must(filled > 0, "the load trades");
  must((await stage.venue.positions()).length >= POSITIONS, "the positions are still open");
  const { spikes, restarts, longestMs } = happened;
  const away = `${restarts} announced restarts, the longest away ${longestMs} ms`;
  return [
    [startedMs, "load begins"],
    [
      Date.now(),
      `no panic: ${spikes} spikes of 1 s, ${away}, ${filled} of ${outcomes.length} intents filled`,
    ],
  ];
}

const WIDE_OPEN_AND_CALM = {
  ...WIDE_OPEN,
  "paper-exchange": { ...WIDE_OPEN["paper-exchange"], PAPER_EXTRA_SYMBOLS: "120" },
};

/** Row 19: what may go on for hours and is no failure. */
export const STEADY_SCENARIOS: readonly Scenario[] = [
  {
    ...{ row: 19, title: `${MINUTES} minutes of load, Redis spikes and announced restarts`, quick: false },
    long: true,
    run: steady,
  },
];
