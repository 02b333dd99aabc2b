import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { closings, openStage, soundPanic } from "./worker-stage.ts";

let folder = "";
let command: string[] = [];
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-worker-binary-"));
  command = [await compileRole(folder, "emergency-exit-worker")];
});
afterAll(() => rm(folder, { recursive: true, force: true }));

const CLOSE = { method: "POST", path: "/fapi/v1/order" } as const;
/** Until it is lifted no panic ends. */
const REFUSED = { match: CLOSE, effect: { kind: "unavailable", text: "unavailable" } } as const;

describe("a panic that comes more than once", () => {
  test("is one run and one completion, by stream, socket and HTTP together", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    const worker = await stage.start();
    const panic = soundPanic();
    const fields = Object.fromEntries(Object.entries(panic).map(([name, value]) => [name, String(value)]));
    await Promise.all([
      stage.panic(fields),
      stage.panic(fields),
      stage.callSocket(panic),
      stage.ask(worker, "POST", "/v1/panic", panic),
    ]);
    await stage.end(panic.event_id);
    await waitUntil("both entries are acknowledged", async () => (await stage.pending()) === 0);
    expect(await stage.ends()).toHaveLength(1);
    expect(await stage.journal("accepted")).toHaveLength(1);
    expect(closings(await stage.venue())).toEqual({ "ETHUSDT BOTH": 1 });
  }, 120_000);

  test("is not run again after its completion, also by a worker that lost its state folder", async () => {
    await using stage = await openStage(command);
    const first = await stage.start();
    const eventId = await stage.panic();
    await stage.end(eventId);
    await stage.ask(first, "DELETE", "/v1/halt", { why: "test" });
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.panic({ event_id: eventId });
    await waitUntil("the replay is acknowledged", async () => (await stage.pending()) === 0);
    first.kill("SIGTERM");
    await first.exited;
    await rm(stage.stateDir, { recursive: true });
    await stage.start();
    await stage.panic({ event_id: eventId });
    const reply = await stage.callSocket(soundPanic({ event_id: eventId }));
    expect([reply.status, await reply.json()]).toEqual([200, { event_id: eventId, state: "done" }]);
    await waitUntil("the replay is acknowledged", async () => (await stage.pending()) === 0);
    expect(await stage.ends()).toHaveLength(1);
    expect((await stage.venue()).positions).toHaveLength(1);
    expect(await stage.trading()).toMatchObject({ halted: "false" });
  }, 120_000);
});

describe("two panics", () => {
  test("at once are one run; the second joins and gets a completion of its own", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({ rules: [REFUSED] });
    const worker = await stage.start();
    const first = await stage.panic();
    await waitUntil("the first runs", async () => (await stage.journal("accepted")).length === 1);
    const second = await stage.panic({ issued_by: "watchdog" });
    await waitUntil("the second joins", async () => (await stage.journal("accepted")).length === 2);
    await stage.paper.clearFaults();
    expect(await stage.end(second)).toMatchObject({
      status: "joined",
      detail: `joined ${first}`,
      positions_closed: 1,
    });
    expect(await stage.end(first)).toMatchObject({ status: "flat" });
    expect(closings(await stage.venue())).toEqual({ "ETHUSDT BOTH": 1 });
    expect(await stage.pending()).toBe(0);
    const seen = await (await stage.ask(worker, "GET", `/v1/panic/${second}`)).json();
    expect(seen).toMatchObject({ state: "DONE", joins: first, published: true });
    expect(await stage.trading()).toMatchObject({ event_id: first });
  }, 120_000);

  test("are halted again when the first one's halt was reset in Redis before the second joins", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    await stage.paper.useFaults({ rules: [REFUSED] });
    await stage.start();
    await stage.panic();
    await waitUntil("Redis has its halt", async () => (await stage.journal("halt_confirmed")).length === 1);
    await stage.redis.cli("HSET", "system:state:trading", "halted", "false");
    const second = await stage.panic();
    await waitUntil("Redis has it again", async () => (await stage.journal("halt_confirmed")).length === 2);
    await stage.paper.clearFaults();
    expect(await stage.end(second)).toMatchObject({ status: "joined" });
    expect(await stage.trading()).toMatchObject({ halted: "true" });
    expect(await stage.journal("halt_confirmed")).toHaveLength(2);
    expect(existsSync(stage.haltFile)).toBe(true);
  }, 120_000);

  test("are two runs when an operator took over the first one by force, even before it has ended", async () => {
    await using stage = await openStage(command);
    await stage.open("ETHUSDT", "BUY", "0.5");
    // It ends when its close is answered.
    const slow = { kind: "latency", ms: 4000, when: "after" } as const;
    await stage.paper.useFaults({ rules: [{ match: CLOSE, count: 1, effect: slow }] });
    const worker = await stage.start({ REQUEST_TIMEOUT_MS: "20000" });
    const first = await stage.panic();
    await waitUntil("it closes", async () => (await stage.journal("signed")).length === 1);
    await stage.ask(worker, "DELETE", "/v1/halt", { why: "x", force: true });
    expect(await stage.journal("completed")).toEqual([]);
    const second = await stage.panic();
    expect(await stage.end(second)).toMatchObject({ status: "flat" });
    expect((await stage.completions()).map(({ event_id, status }) => [event_id, status])).toEqual([
      [first, "failed"],
      [second, "flat"],
    ]);
    expect(await stage.trading()).toMatchObject({ halted: "true", event_id: second });
  }, 120_000);

  test("one after the other are two runs", async () => {
    await using stage = await openStage(command);
    await stage.start();
    const first = await stage.panic();
    await stage.end(first);
    await stage.open("ETHUSDT", "BUY", "0.5");
    const second = await stage.panic();
    expect(await stage.end(second)).toMatchObject({ status: "flat", positions_closed: 1 });
    expect(await stage.ends()).toHaveLength(2);
  }, 120_000);
});

describe("a call that is refused", () => {
  test.each([
    ["a forged issuer", { issued_by: "nobody" }, "MALFORMED issued_by"],
    ["a malformed id", { event_id: "not-a-uuid" }, "MALFORMED event_id"],
    ["a lesser severity", { severity: "WARNING" }, "MALFORMED severity"],
    ["a time that is none", { ts: "yesterday" }, "MALFORMED ts"],
  ])(
    "for %s is recorded, acknowledged and not run",
    async (_, fields, detail) => {
      await using stage = await openStage(command);
      await stage.open("ETHUSDT", "BUY", "0.5");
      await stage.start();
      await stage.panic(fields);
      const refused = await waitUntil("it is recorded", async () => (await stage.completions())[0]);
      expect(refused).toMatchObject({ status: "refused", detail: expect.stringContaining(detail) });
      await waitUntil("it is acknowledged", async () => (await stage.pending()) === 0);
      expect((await stage.venue()).positions).toHaveLength(1);
      expect(await stage.journal("accepted")).toEqual([]);
    },
    120_000,
  );

  test("over HTTP without or with a wrong token changes nothing", async () => {
    await using stage = await openStage(command);
    const worker = await stage.start();
    const url = `${await worker.url()}/v1/panic`;
    const headers = { "content-type": "application/json", "x-operator": "tester" };
    const body = JSON.stringify(soundPanic());
    expect((await fetch(url, { method: "POST", headers, body })).status).toBe(401);
    const wrong = { ...headers, authorization: "Bearer wrong" };
    expect((await fetch(url, { method: "POST", headers: wrong, body })).status).toBe(401);
    const metrics = await (await fetch(`${await worker.url()}/metrics`)).text();
    expect(metrics).toContain('quantum_admin_refused_total{code="TOKEN_WRONG"} 1');
    expect(await stage.journal("accepted")).toEqual([]);
  }, 120_000);

  test("because it was called before the worker was installed is recorded so; a recent one is run", async () => {
    await using stage = await openStage(command);
    const old = crypto.randomUUID();
    const fields = { event_id: old, reason: "OLD", severity: "CRITICAL", issued_by: "ops", ts: "1" };
    await stage.redis.cli(
      "XADD",
      "system:panic_close",
      `${Date.now() - 120_000}-0`,
      ...Object.entries(fields).flat(),
    );
    const recent = await stage.panic();
    await stage.start();
    expect(await stage.end(recent)).toMatchObject({ status: "flat" });
    expect(await stage.end(old)).toMatchObject({ status: "refused", detail: "BEFORE_INSTALL" });
    expect(await stage.pending()).toBe(0);
  }, 120_000);
});

test("a panic is run although Redis' clock was an hour ahead when the worker was installed", async () => {
  await using stage = await openStage(command);
  await stage.open("ETHUSDT", "BUY", "0.5");
  await stage.start();
  const panic = { ...soundPanic(), event_id: crypto.randomUUID() };
  const fields = Object.entries(panic).flatMap(([name, value]) => [name, String(value)]);
  // What `*` gives once that clock was set back.
  await stage.redis.cli("XADD", "system:panic_close", `${Date.now() - 3_600_000}-0`, ...fields);
  expect(await stage.end(panic.event_id)).toMatchObject({ status: "flat", positions_closed: 1 });
}, 120_000);

test("a panic that a clearing by force has answered is refused, whichever way it comes", async () => {
  await using stage = await openStage(command);
  await stage.open("ETHUSDT", "BUY", "0.5");
  await stage.redis.cli("XGROUP", "CREATE", "system:panic_close", "emergency_exit_worker", "0", "MKSTREAM");
  const before = await stage.panic();
  const who = ["GROUP", "emergency_exit_worker", "emergency-exit-worker-dead"];
  await stage.redis.cli("XREADGROUP", ...who, "STREAMS", "system:panic_close", ">");
  // It leaves the entry where it is.
  const first = await stage.start({ STALE_IDLE_MS: "600000" });
  const refused = await stage.ask(first, "DELETE", "/v1/halt", { why: "x" });
  expect([refused.status, await refused.json()]).toMatchObject([
    409,
    { error: { code: "PANIC_UNANSWERED" } },
  ]);
  expect((await stage.ask(first, "DELETE", "/v1/halt", { why: "x", force: true })).status).toBe(200);
  first.kill("SIGTERM");
  await first.exited;
  await stage.start({ STALE_IDLE_MS: "1000" });
  // As the watchdog does, which called it, before and after the stream's reader has come to it.
  const again = { ...soundPanic(), event_id: before };
  expect((await stage.callSocket(again)).status).toBe(200);
  expect(await stage.end(before)).toMatchObject({ status: "refused", detail: "HALT_CLEARED_SINCE" });
  expect((await stage.callSocket(again)).status).toBe(200);
  expect(await stage.completions()).toHaveLength(1);
  expect((await stage.venue()).positions).toHaveLength(1);
}, 120_000);

describe("a panic that is called after a halt was cleared", () => {
  test("is run, also when Redis' clock has gone back since", async () => {
    await using stage = await openStage(command);
    const worker = await stage.start();
    await stage.end(await stage.panic());
    expect((await stage.ask(worker, "DELETE", "/v1/halt", { why: "mended" })).status).toBe(200);
    // As it reads then: the clearing lies ahead.
    await stage.redis.cli("HSET", "system:state:trading", "cleared_at", String(Date.now() + 60_000));
    await stage.open("ETHUSDT", "BUY", "0.5");
    const eventId = await stage.panic({ issued_by: "risk_kernel" });
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
  }, 120_000);
});

describe("an old panic that nobody processed", () => {
  test("is run: neither its ts nor its age is a reason to refuse it", async () => {
    await using stage = await openStage(command);
    await stage.redis.cli("XGROUP", "CREATE", "system:panic_close", "emergency_exit_worker", "0", "MKSTREAM");
    const eventId = crypto.randomUUID();
    const fields = { event_id: eventId, reason: "OLD", severity: "CRITICAL", issued_by: "ops", ts: "1" };
    await stage.redis.cli(
      "XADD",
      "system:panic_close",
      `${Date.now() - 7_200_000}-0`,
      ...Object.entries(fields).flat(),
    );
    await stage.open("ETHUSDT", "BUY", "0.5");
    const worker = await stage.start();
    expect(await stage.end(eventId)).toMatchObject({ status: "flat", positions_closed: 1 });
    const metrics = await (await fetch(`${await worker.url()}/metrics`)).text();
    expect(metrics).toContain("quantum_emergency_issuer_clock_off_total 1");
    expect(metrics).toContain("quantum_emergency_dust_positions 0");
  }, 120_000);

  test("is taken over from a consumer that died with it", async () => {
    await using stage = await openStage(command);
    await stage.redis.cli("XGROUP", "CREATE", "system:panic_close", "emergency_exit_worker", "0", "MKSTREAM");
    const eventId = await stage.panic();
    const who = ["GROUP", "emergency_exit_worker", "emergency-exit-worker-dead"];
    await stage.redis.cli("XREADGROUP", ...who, "STREAMS", "system:panic_close", ">");
    await stage.start({ STALE_IDLE_MS: "1000" });
    expect(await stage.end(eventId)).toMatchObject({ status: "flat" });
    expect(await stage.pending()).toBe(0);
  }, 120_000);
});
