import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdir, mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { openStage, soundPanic, type WorkerStage } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const STATE = "system:state:trading";
const CLOSE_REFUSED = {
  rules: [{ match: { method: "POST", path: "/fapi/v1/order" }, effect: { kind: "error", code: -4131 } }],
} as const;

/** A stage whose worker has run a panic to its end. */
async function haltedStage(): Promise<
  WorkerStage & { readonly worker: Awaited<ReturnType<WorkerStage["start"]>> }
> {
  const stage = await openStage(command);
  const worker = await stage.start();
  await stage.end(await stage.panic());
  return { ...stage, worker };
}

const fileGone = (stage: WorkerStage) =>
  waitUntil("the halt file is gone", () => !existsSync(stage.haltFile));

describe("a halt is cleared", () => {
  test.concurrent("by DELETE /v1/halt, which says who and why in state and audit stream", async () => {
    await using stage = await haltedStage();
    const reply = await stage.ask(stage.worker, "DELETE", "/v1/halt", { why: "mended" });
    expect([reply.status, await reply.json()]).toMatchObject([200, { halted: false, file: "absent" }]);
    expect(existsSync(stage.haltFile)).toBe(false);
    expect(await stage.trading()).toMatchObject({ halted: "false", cleared_by: "tester" });
    const audit = await stage.redis.cli("XRANGE", "quantum:stream:audit", "-", "+");
    expect(audit).toContain("halt cleared: mended");
    expect(audit.match(/halt cleared/g)).toHaveLength(1);
  }, 120_000);

  test.concurrent("once: a second DELETE clears nothing, and does not write that it did", async () => {
    await using stage = await haltedStage();
    await stage.ask(stage.worker, "DELETE", "/v1/halt", { why: "mended" });
    const first = await stage.trading();
    const reply = await stage.ask(stage.worker, "DELETE", "/v1/halt", { why: "again" });
    expect([reply.status, await reply.json()]).toMatchObject([200, { halted: false }]);
    expect(await stage.trading()).toEqual(first);
    const audit = await stage.redis.cli("XRANGE", "quantum:stream:audit", "-", "+");
    expect(audit.match(/halt cleared/g)).toHaveLength(1);
    expect(audit).toContain("nothing to clear");
  }, 120_000);

  test.concurrent.each([
    ["DEL of the state", ["DEL", STATE]],
    ['HSET halted "false"', ["HSET", STATE, "halted", "false"]],
  ])(
    "by redis-cli: %s takes the halt file away",
    async (_, reset) => {
      await using stage = await haltedStage();
      await stage.redis.cli(...reset);
      await fileGone(stage);
      await waitUntil("the journal has it", async () => (await stage.journal("cleared")).length === 1);
      stage.worker.kill("SIGTERM");
      expect(await stage.worker.exited).toBe(0);
      await stage.start();
      expect(existsSync(stage.haltFile)).toBe(false);
    },
    120_000,
  );

  test.concurrent("not without why, nor without a token", async () => {
    await using stage = await haltedStage();
    expect((await stage.ask(stage.worker, "DELETE", "/v1/halt", {})).status).toBe(400);
    const bare = await fetch(`${await stage.worker.url()}/v1/halt`, { method: "DELETE" });
    expect(bare.status).toBe(401);
    expect(await stage.trading()).toMatchObject({ halted: "true" });
  }, 120_000);

  test.concurrent("not while Redis is down: nothing is changed", async () => {
    await using stage = await haltedStage();
    await stage.redis.stop({ kill: true });
    expect((await stage.ask(stage.worker, "DELETE", "/v1/halt", { why: "x" })).status).toBe(503);
    expect(existsSync(stage.haltFile)).toBe(true);
  }, 120_000);
});

describe("a halt stands", () => {
  test.concurrent("while the panic is not flat: 409, unless forced, which ends the run and says so", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({ rules: [...CLOSE_REFUSED.rules] });
    const worker = await stage.start();
    const eventId = await stage.panic();
    await waitUntil("a close was refused", async () => (await stage.journal("settled")).length > 0);
    const refused = await stage.ask(worker, "DELETE", "/v1/halt", { why: "x" });
    expect([refused.status, await refused.json()]).toMatchObject([
      409,
      { error: { code: "PANIC_NOT_FLAT" } },
    ]);
    expect((await stage.ask(worker, "DELETE", "/v1/halt", { why: "x", force: true })).status).toBe(200);
    const completion = await waitUntil("the run ended", async () =>
      (await stage.completions()).find(({ detail }) => detail.includes("tester")),
    );
    expect(completion).toMatchObject({ event_id: eventId, status: "failed", failed_symbols: ["ETHUSDT"] });
    expect(completion.detail).toContain("tester");
    expect(existsSync(stage.haltFile)).toBe(false);
    await waitUntil("its entry is acknowledged", async () => (await stage.pending()) === 0);
  }, 120_000);

  test.concurrent("when Redis was emptied: nobody reset it, so it is written again", async () => {
    await using stage = await haltedStage();
    await stage.redis.cli("FLUSHALL");
    await waitUntil("it is halted again", async () => (await stage.trading())["halted"] === "true");
    expect(existsSync(stage.haltFile)).toBe(true);
  }, 120_000);

  test.concurrent("when its value is of the wrong type", async () => {
    await using stage = await haltedStage();
    await stage.redis.cli("DEL", STATE);
    await stage.redis.cli("SET", STATE, "nonsense");
    await stage.redis.cli("SET", "unrelated", "1");
    const view = await (await stage.ask(stage.worker, "GET", "/v1/halt")).json();
    expect(view).toMatchObject({ halted: true });
  }, 120_000);
});

describe("a halt stands, whatever happened to Redis and the run folder:", () => {
  test.concurrent("with the reset of a Redis that never heard of it ignored", async () => {
    await using stage = await openStage(command);
    await stage.start();
    await stage.redis.stop({ kill: true });
    const panic = soundPanic();
    await stage.callSocket(panic);
    await waitUntil("the panic is over", async () => (await stage.journal("completed")).length === 1);
    await stage.redis.restart({ empty: true });
    await stage.end(panic.event_id);
    expect(existsSync(stage.haltFile)).toBe(true);
    expect(await stage.trading()).toMatchObject({ halted: "true" });
  }, 120_000);

  test.concurrent("again after a reboot has emptied the run folder, before Redis is asked", async () => {
    await using stage = await haltedStage();
    stage.worker.kill("SIGKILL");
    await stage.worker.exited;
    await rm(dirname(stage.haltFile), { recursive: true });
    await stage.redis.stop({ kill: true });
    await stage.start({}, "waiting");
    await waitUntil("the halt file stands", () => existsSync(stage.haltFile));
  }, 120_000);

  test.concurrent("by an operator's own file, which no reset in Redis takes away", async () => {
    await using stage = await openStage(command);
    await mkdir(dirname(stage.haltFile), { recursive: true });
    await writeFile(stage.haltFile, "");
    const worker = await stage.start();
    await stage.end(await stage.panic());
    await stage.redis.cli("DEL", STATE);
    await waitUntil("the reset is seen", async () => (await stage.journal("cleared")).length === 1);
    expect(existsSync(stage.haltFile)).toBe(true);
    await stage.ask(worker, "DELETE", "/v1/halt", { why: "mine" });
    expect(existsSync(stage.haltFile)).toBe(false);
  }, 120_000);

  test.concurrent("in the file, too, where somebody halted in Redis alone", async () => {
    await using stage = await openStage(command);
    await stage.start();
    await stage.redis.cli("HSET", STATE, "halted", "true", "reason", "by hand");
    await waitUntil("the halt file stands", () => existsSync(stage.haltFile));
    await stage.redis.cli("DEL", STATE);
    await fileGone(stage);
  }, 120_000);
});

describe("a panic that a dead worker left open", () => {
  const leftOpen = async (stage: WorkerStage): Promise<string> => {
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({ rules: [...CLOSE_REFUSED.rules] });
    const worker = await stage.start();
    const eventId = await stage.panic();
    await waitUntil("a close was refused", async () => (await stage.journal("settled")).length > 0);
    // A Redis that is slow gets the halt after the first close.
    await waitUntil("Redis has its halt", async () => (await stage.journal("halt_confirmed")).length > 0);
    worker.kill("SIGKILL");
    await worker.exited;
    await stage.paper.clearFaults();
    return eventId;
  };

  test("is not resumed when an operator cleared its halt meanwhile", async () => {
    await using stage = await openStage(command);
    const eventId = await leftOpen(stage);
    await stage.redis.cli(
      "HSET",
      STATE,
      "halted",
      "false",
      "cleared_by",
      "me",
      "cleared_at",
      String(Date.now()),
    );
    await stage.start();
    const completion = await waitUntil("it is said", async () => (await stage.completions())[0]);
    expect(completion).toMatchObject({ event_id: eventId, status: "failed", failed_symbols: ["ETHUSDT"] });
    expect(completion.detail).toContain("while the worker was down");
    await fileGone(stage);
    await waitUntil("its entry is acknowledged", async () => (await stage.pending()) === 0);
    expect((await stage.venue()).positions).toHaveLength(1);
  }, 120_000);

  test("is resumed without asking a Redis that hangs", async () => {
    await using stage = await openStage(command);
    const eventId = await leftOpen(stage);
    stage.redis.hang();
    await stage.start({}, "waiting");
    await waitUntil("the venue is flat", async () => (await stage.venue()).positions.length === 0);
    stage.redis.resume();
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
  }, 120_000);
});

describe("a Redis in trouble", () => {
  test.each([
    ["is out of memory", ["CONFIG", "SET", "maxmemory", "1"], ["CONFIG", "SET", "maxmemory", "0"]],
    ["is read-only", ["REPLICAOF", "127.0.0.1", "1"], ["REPLICAOF", "NO", "ONE"]],
  ])(
    "that %s keeps no position open; halt and completion follow when it recovers",
    async (_, hurt, heal) => {
      await using stage = await openStage(command);
      await stage.open("ETHUSDT", "BUY", "0.5");
      await stage.start();
      await stage.redis.cli(...hurt);
      const panic = soundPanic();
      expect((await stage.callSocket(panic)).status).toBe(202);
      await waitUntil("the venue is flat", async () => (await stage.venue()).positions.length === 0);
      await waitUntil("the panic is over", async () => (await stage.journal("completed")).length === 1);
      expect(await stage.journal("published")).toEqual([]);
      await stage.redis.cli(...heal);
      expect(await stage.end(panic.event_id)).toMatchObject({ status: "flat" });
      expect(await stage.trading()).toMatchObject({ halted: "true" });
      expect(await stage.ends()).toHaveLength(1);
    },
    120_000,
  );

  test("that hangs while it takes the completion, and runs it late, has it once", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    // So long is flat not proved, and Redis not told: time to make it hang.
    const worker = await stage.start({ RECV_WINDOW_MS: "4000" });
    const eventId = await stage.panic();
    await waitUntil("the close is settled", async () => (await stage.journal("settled")).length > 0, {
      everyMs: 1,
    });
    stage.redis.hang();
    await worker.said("Redis does not take the panic's records");
    stage.redis.resume();
    expect(await stage.end(eventId)).toMatchObject({ status: "flat" });
    await waitUntil("it is published", async () => (await stage.journal("published")).length === 1);
    expect(await stage.ends()).toHaveLength(1);
    await waitUntil("its entry is acknowledged", async () => (await stage.pending()) === 0);
  }, 120_000);

  test("that hangs when the panic comes delays the first close by less than two seconds", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.start();
    stage.redis.hang();
    await stage.callSocket(soundPanic());
    await waitUntil("the venue is flat", async () => (await stage.venue()).positions.length === 0);
    const [accepted] = await stage.journal("accepted");
    const [signed] = await stage.journal("signed");
    stage.redis.resume();
    expect(Number(signed?.["signed_venue_ms"]) - Number(accepted?.["at_ms"])).toBeLessThan(2000);
  }, 120_000);
});

describe("the worker", () => {
  test("ends with 78 when the account is not the one recorded for this Redis", async () => {
    await using stage = await openStage(command);
    await stage.redis.cli("MSET", "quantum:mode", "PAPER", "quantum:mode:account", "another");
    const worker = await stage.start({}, "waiting");
    expect(await worker.exited).toBe(78);
  }, 120_000);

  test("says that its credentials are refused, and takes panics all the same", async () => {
    await using stage = await openStage(command);
    await stage.paper.admin("POST", "credentials", { forbidden: true });
    const worker = await stage.start({}, "waiting");
    const ready = await waitUntil("it says why it is not ready", async () => {
      const text = await (await fetch(`${await worker.url()}/readyz`)).text();
      return text.includes("credentials refused") && text;
    });
    expect(ready).toContain("-2015");
    expect((await stage.callSocket(soundPanic())).status).toBe(202);
    expect(existsSync(stage.haltFile)).toBe(true);
  }, 120_000);
});
