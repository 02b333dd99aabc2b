import { afterAll, beforeAll, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { inState, openWatchdogDesk } from "./watchdog-desk.ts";

const KEYS = keysOf("");
let folder = "";
let binary = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-watchdog-build-"));
  binary = await compileRole(folder, "exit-brain-watchdog");
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

test.concurrent("Redis lost and the brain healthy is an alarm alone; a brain whose loop hangs behind a 200 is a panic", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  desk.brain.start();
  await using watchdog = await desk.startWatchdog();
  await inState(desk, "HEALTHY");
  await desk.redis.stop({ kill: true });
  await inState(desk, "REDIS_LOST");
  await Bun.sleep(5000);
  expect((await desk.watch())["state"]).toBe("REDIS_LOST");
  expect(watchdog.lines().filter(({ msg }) => msg === "PANIC")).toEqual([]);
  desk.brain.health.answer = "hung-loop";
  await waitUntil("the worker is called", () => desk.handedOver.length > 0);
  expect(desk.handedOver[0]?.reason).toBe("POSITIONS_UNGUARDED");
}, 120_000);

test.concurrent("Redis lost for longer than REDIS_LOST_MAX_SEC is a panic with positions", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  desk.brain.start();
  await using _watchdog = await desk.startWatchdog({ REDIS_LOST_MAX_SEC: "5" });
  await inState(desk, "HEALTHY");
  await desk.redis.stop({ kill: true });
  await waitUntil("the worker is called", () => desk.handedOver.length > 0);
  expect(desk.handedOver[0]?.reason).toBe("REDIS_LOST");
}, 120_000);

test.concurrent("the venue unreachable and the brain dead: entries halted at once, the panic after the venue's return", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  desk.brain.start();
  await using watchdog = await desk.startWatchdog();
  await inState(desk, "HEALTHY");
  await desk.venue.useFaults({ rules: [{ match: { path: "/fapi/*" }, effect: { kind: "lost_request" } }] });
  await waitUntil("the venue is silent", async () => Number((await desk.watch())["venue_silent_ms"]) > 3000);
  await inState(desk, "HEALTHY");
  desk.brain.die();
  await inState(desk, "VENUE_LOST");
  const halt = await waitUntil("entries are halted", async () => {
    const state = await desk.record(KEYS.tradingState);
    return state["halted"] === "true" && state;
  });
  expect(halt).toMatchObject({ source: "watchdog", reason: "POSITIONS_UNGUARDED", event_id: "" });
  expect(existsSync(desk.haltFile)).toBe(true);
  expect(await desk.panics()).toEqual([]);
  await desk.venue.clearFaults();
  const { event } = await desk.panicked();
  expect(event.reason).toBe("POSITIONS_UNGUARDED");
  await inState(desk, "PANIC_ISSUED");
  await watchdog.said("PANIC");
  expect(watchdog.lines().filter(({ msg }) => msg === "PANIC")).toHaveLength(1);
}, 120_000);

test.concurrent.each([
  ["says nothing", { kind: "lost_request" }],
  ["bans us", { kind: "limited", status: 418, retryAfterSec: 7 }],
] as const)(
  "a brain that was DEGRADED while the venue %s and says ALIVE at its return is no panic",
  async (_, effect) => {
    await using desk = await openWatchdogDesk(binary, 1);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    await desk.venue.useFaults({ rules: [{ match: { path: "/fapi/*" }, effect }] });
    desk.brain.change({ status: "DEGRADED" });
    await inState(desk, "VENUE_LOST");
    await waitUntil(
      "Redis has the halt",
      async () => (await desk.record(KEYS.tradingState))["halted"] === "true",
    );
    await desk.venue.clearFaults();
    await waitUntil("the venue answers", async () => Number((await desk.watch())["venue_silent_ms"]) < 1000);
    desk.brain.change({ status: "ALIVE" });
    await desk.brain.beat();
    await inState(desk, "HEALTHY");
    expect(await desk.panics()).toEqual([]);
    // What was halted stays halted: an operator decides.
    expect(await desk.record(KEYS.tradingState)).toMatchObject({ halted: "true", source: "watchdog" });
  },
  120_000,
);

test.concurrent("a venue that refuses our reads is no reason to wait: there may be positions", async () => {
  await using desk = await openWatchdogDesk(binary, 0);
  desk.brain.start();
  await using _watchdog = await desk.startWatchdog();
  await inState(desk, "HEALTHY");
  await desk.venue.useFaults({
    rules: [{ match: { path: "/fapi/v3/*" }, effect: { kind: "error", code: -2015 } }],
  });
  await waitUntil("the count is unknown", async () =>
    JSON.stringify(await desk.watch()).includes('"unknown"'),
  );
  desk.brain.die();
  expect((await desk.panicked()).event.reason).toBe("POSITIONS_UNGUARDED");
}, 120_000);

test.concurrent("another account than the recorded one ends the start with 78", async () => {
  await using desk = await openWatchdogDesk(binary, 0);
  await desk.command("SET", KEYS.mode, "PAPER");
  await desk.command("SET", KEYS.modeAccount, "somebody-else");
  await using watchdog = await desk.startWatchdog();
  expect(await watchdog.exited).toBe(78);
}, 120_000);

test.concurrent("without Redis and without a venue it waits, says what for, and becomes ready by itself", async () => {
  await using desk = await openWatchdogDesk(binary, 0);
  await desk.redis.stop({ kill: true });
  await desk.venue.useFaults({ rules: [{ match: { path: "/fapi/*" }, effect: { kind: "lost_request" } }] });
  await using watchdog = await desk.startWatchdog();
  const url = await watchdog.url();
  const ready = async () => (await fetch(`${url}/readyz`)).json();
  expect(await ready()).toMatchObject({
    ready: false,
    dependencies: [{ ok: false }, { ok: false }, { ok: false }],
  });
  expect((await fetch(`${url}/healthz`)).status).toBe(200);
  await desk.redis.restart();
  await desk.venue.clearFaults();
  await waitUntil("it is ready", async () => (await fetch(`${url}/readyz`)).ok);
  watchdog.kill("SIGTERM");
  expect(await watchdog.exited).toBe(0);
}, 120_000);
