import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { z } from "zod";
import type { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { closings, openStage, restingOf, type WorkerStage } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

type Rules = z.input<typeof faultScriptSchema>["rules"];
interface Step {
  readonly name: string;
  /** Holds the worker at the step for as long as it takes to kill it. */
  readonly hold: Rules;
  /** Seen from outside: the worker has come this far. */
  readonly reached: (stage: WorkerStage) => Promise<boolean>;
}

const CLOSE = { method: "POST", path: "/fapi/v1/order" } as const;
const wrote = (type: string, count: number) => async (stage: WorkerStage) =>
  (await stage.journal(type)).length >= count;
const slow = (match: Rules[number]["match"], when: "before" | "after", ms = 1200): Rules => [
  { match, effect: { kind: "latency", ms, when } },
];

const STEPS: readonly Step[] = [
  {
    name: "the panic is written down",
    hold: slow({ path: "/fapi/v1/open*" }, "before"),
    reached: wrote("accepted", 1),
  },
  {
    name: "Redis has the halt",
    hold: slow({ path: "/fapi/v1/open*" }, "before"),
    reached: wrote("halt_confirmed", 1),
  },
  {
    name: "orders are being cancelled",
    hold: slow({ method: "DELETE" }, "after"),
    reached: async (stage) => restingOf(await stage.venue()).plain === 0,
  },
  {
    name: "positions are found and the closes are on their way",
    hold: slow(CLOSE, "before", 150),
    reached: wrote("signed", 2),
  },
  {
    name: "the closes are executed and not answered",
    hold: slow(CLOSE, "after"),
    reached: async (stage) => (await stage.venue()).positions.length === 0,
  },
  {
    name: "the closes are settled and flat is not proved",
    hold: [],
    reached: wrote("settled", 2),
  },
  {
    name: "the closes were never received",
    hold: [{ match: CLOSE, count: 2, effect: { kind: "lost_request" } }],
    reached: wrote("signed", 2),
  },
];

async function openAccount(stage: WorkerStage): Promise<void> {
  await stage.open("ETHUSDT", "BUY", "0.5");
  await stage.open("BTCUSDT", "SELL", "0.05");
  await stage.protect("ETHUSDT", "SELL", "2900");
  const entry = {
    symbol: "SOLUSDT",
    side: "BUY",
    type: "LIMIT",
    timeInForce: "GTC",
    quantity: "1",
    price: "150",
  };
  await stage.paper.call("POST", "/fapi/v1/order", entry);
}

/** Finished, as if nothing had happened. */
async function expectFinished(stage: WorkerStage, eventId: string): Promise<void> {
  expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_total: 2, positions_closed: 2 });
  const sight = await stage.venue();
  expect(sight.positions).toEqual([]);
  expect(restingOf(sight)).toEqual({ plain: 0, conditional: 0 });
  expect(closings(sight)).toEqual({ "ETHUSDT BOTH": 1, "BTCUSDT BOTH": 1 });
  expect(await stage.trading()).toMatchObject({ halted: "true" });
  expect(existsSync(stage.haltFile)).toBe(true);
  await waitUntil("its entry is acknowledged", async () => (await stage.pending()) === 0);
  expect(await stage.ends()).toHaveLength(1);
}

describe("a worker that is killed -9 and started again finishes, with each position closed once, when", () => {
  test.each(STEPS)(
    "$name",
    async ({ hold, reached }) => {
      await using stage = await openStage(command);
      await openAccount(stage);
      const worker = await stage.start({ RECV_WINDOW_MS: "600" });
      await stage.paper.useFaults({ rules: hold });
      const eventId = await stage.panic();
      await waitUntil("the step is reached", () => reached(stage), { everyMs: 1 });
      worker.kill("SIGKILL");
      await worker.exited;
      await stage.paper.clearFaults();
      await stage.start({ RECV_WINDOW_MS: "600" });
      await expectFinished(stage, eventId);
    },
    120_000,
  );
});

describe("and also when", () => {
  test("the completion is written down and Redis has not taken it", async () => {
    await using stage = await openStage(command);
    await openAccount(stage);
    // So long is flat not proved, and Redis not told: time to make it hang.
    const worker = await stage.start({ RECV_WINDOW_MS: "4000" });
    const eventId = await stage.panic();
    await waitUntil("closes are settled", () => wrote("settled", 2)(stage), { everyMs: 1 });
    stage.redis.hang();
    await waitUntil("it is completed", () => wrote("completed", 1)(stage), { everyMs: 1 });
    worker.kill("SIGKILL");
    await worker.exited;
    stage.redis.resume();
    await stage.start();
    await expectFinished(stage, eventId);
  }, 120_000);

  test("Redis has taken the completion and the journal does not know it", async () => {
    await using stage = await openStage(command);
    await openAccount(stage);
    const worker = await stage.start();
    const eventId = await stage.panic();
    await waitUntil("it is published", () => wrote("published", 1)(stage));
    worker.kill("SIGKILL");
    await worker.exited;
    const path = join(stage.stateDir, "panics.jsonl");
    const lines = (await Bun.file(path).text()).split("\n").filter((line) => !line.includes('"published"'));
    await Bun.write(path, lines.join("\n"));
    await stage.start();
    await waitUntil("it is known", () => wrote("published", 1)(stage));
    await expectFinished(stage, eventId);
  }, 120_000);

  test("Redis is gone as well, and returns later", async () => {
    await using stage = await openStage(command);
    await openAccount(stage);
    const worker = await stage.start();
    await stage.paper.useFaults({ rules: slow(CLOSE, "after") });
    const eventId = await stage.panic();
    await waitUntil("closes are sent", () => wrote("signed", 2)(stage), { everyMs: 1 });
    await stage.redis.stop({ kill: true });
    worker.kill("SIGKILL");
    await worker.exited;
    await stage.paper.clearFaults();
    await stage.start({}, "waiting");
    await waitUntil("it is completed", () => wrote("completed", 1)(stage));
    expect((await stage.venue()).positions).toEqual([]);
    await stage.redis.restart();
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 2 });
    expect(await stage.ends()).toHaveLength(1);
    expect(await stage.trading()).toMatchObject({ halted: "true" });
  }, 120_000);

  test("it is killed at every start, again and again", async () => {
    await using stage = await openStage(command);
    await openAccount(stage);
    let worker = await stage.start();
    const eventId = await stage.panic();
    for (let round = 0; round < 6; round += 1) {
      await waitUntil("it is accepted", () => wrote("accepted", 1)(stage), { everyMs: 1 });
      worker.kill("SIGKILL");
      await worker.exited;
      worker = await stage.start({}, "waiting");
      await worker.said("started");
    }
    await expectFinished(stage, eventId);
  }, 120_000);
});
