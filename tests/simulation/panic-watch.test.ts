import { expect, test } from "bun:test";
import { keysOf } from "../../lib/contract/keys.ts";
import { Simulation } from "./engine/simulation.ts";
import { startTimedRedis } from "./redis/timed-redis.ts";
import type { ProcessHost } from "./roles/process-host.ts";
import { Findings } from "./watch/findings.ts";
import { PanicWatch } from "./watch/panic-watch.ts";
import { PositionWatch } from "./watch/position-watch.ts";

interface Watched {
  readonly watch: PanicWatch;
  readonly findings: Findings;
  wait(ms: number): void;
  call(id: string): void;
  halt(id: string): void;
  clear(): void;
  end(id: string, status: string): void;
  beat(status: string): void;
}

/** A panic watch, what happens before it, and what it finds. */
async function findingsOf(
  happens: (watched: Watched) => void,
  open: readonly string[] = [],
  hosts: readonly ProcessHost[] = [],
) {
  const redis = await startTimedRedis();
  try {
    const simulation = new Simulation({ seed: 1, redis, folder: redis.folder, epochMs: 0 });
    const { timeline } = simulation;
    const keys = keysOf("");
    const findings = new Findings(() => ({ step: 0, atMs: timeline.nowUs / 1000 }));
    const positions = new PositionWatch({
      look: () => ({
        positions: open.map((symbol) => ({ symbol, positionSide: "BOTH", positionAmt: "1" })),
      }),
    });
    const calmUs = () => 60_000_000;
    const watch = new PanicWatch({
      ...{ simulation, keys, findings, positions, calmUs },
      ...{ haltFile: `${redis.folder}/halted`, hosts },
    });
    const wait = (ms: number) => {
      const untilUs = timeline.nowUs + ms * 1000;
      while (timeline.step(untilUs));
    };
    const write = (...args: readonly string[]) => watch.after(args);
    happens({
      ...{ watch, findings, wait },
      call: (id) => write("XADD", keys.panicStream, "*", "event_id", id, "issued_by", "ops"),
      halt: (id) => write("HSET", keys.tradingState, "halted", "true", "event_id", id),
      clear: () => write("HSET", keys.tradingState, "halted", "false"),
      end: (id, status) => write("XADD", keys.panicCompletedStream, "*", "event_id", id, "status", status),
      beat: (status) => write("XADD", keys.heartbeatStream, "*", "status", status),
    });
    simulation.close();
    return findings.all.map(({ what }) => what);
  } finally {
    await redis.stop();
  }
}

/** A second panic joins the first, and both end `afterMs` after that. */
const joining =
  (how: { readonly cleared: boolean; readonly afterMs: number }) =>
  ({ wait, call, halt, clear, end }: Watched) => {
    call("first");
    halt("first");
    wait(3500);
    if (how.cleared) clear();
    call("second");
    wait(how.afterMs);
    end("first", "flat");
    end("second", "joined");
  };

test.each([
  [{ cleared: false, afterMs: 600 }, []],
  [{ cleared: true, afterMs: 4100 }, []],
  [{ cleared: true, afterMs: 600 }, ["panic second ended with another's run 600 ms after its halt"]],
])("a panic that joined one is judged by its own halt where that was newer: %o", async (how, found) => {
  expect(await findingsOf(joining(how))).toEqual(found);
});

test("a halt is a panic's from when the worker has read it, and lasts through a Redis that forgets", async () => {
  const words: (string | undefined)[] = [];
  const happens = ({ watch, wait, call, halt }: Watched) => {
    const look = () => words.push(watch.openSince(Number.MAX_SAFE_INTEGER));
    wait(1);
    call("unread");
    look();
    watch.stateLost();
    call("read");
    halt("read");
    look();
    watch.stateLost();
    look();
  };
  expect(await findingsOf(happens, ["BTCUSDT"])).toEqual([]);
  const runs = "panic read runs, open: BTCUSDT 1";
  expect(words).toEqual([undefined, runs, runs]);
});

test("a panic that Redis forgot before anybody read it is the same one when it is published again", async () => {
  const happens = ({ watch, wait }: Watched) => {
    const publish = () => watch.called("one", "watchdog");
    wait(1);
    publish();
    watch.rolledBack(0);
    publish();
    watch.called("another", "watchdog");
  };
  expect(await findingsOf(happens)).toEqual(["panic another is a second one for the failure of one"]);
});

/** Half a minute of beats with a position open, and a watchdog that runs and calls nobody. */
const beatsOf = (status: string) =>
  findingsOf(
    ({ beat, wait }) => {
      for (let second = 0; second < 30; second += 1) {
        beat(status);
        wait(1000);
      }
    },
    ["BTCUSDT"],
    [Object.create({ role: { name: "watchdog" }, life: {} })],
  );

test("an exit brain that says of itself that it fails guards nothing", async () => {
  expect(await beatsOf("DEGRADED")).toContain(
    "BTCUSDT 1 open, the exit brain DEGRADED for 12000 calm ms, and no panic",
  );
});

test("an exit brain that is well guards its positions", async () => {
  expect(await beatsOf("ALIVE")).toEqual([]);
});
