import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { inState, openWatchdogDesk, type WatchdogDesk } from "./watchdog-desk.ts";

const KEYS = keysOf("");
let folder = "";
let binary = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-watchdog-build-"));
  binary = await compileRole(folder, "exit-brain-watchdog");
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** A watchdog that has seen the brain beat, and then it died. */
async function bereaved(desk: WatchdogDesk) {
  desk.brain.start();
  const watchdog = await desk.startWatchdog();
  await inState(desk, "HEALTHY");
  desk.brain.die();
  return watchdog;
}

const onlyPanic = async (desk: WatchdogDesk) => (await desk.panics()).map(({ event }) => event.event_id);

test.concurrent("killed after its panic, a watchdog does not panic again for the same failure", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  const first = await bereaved(desk);
  const { event } = await desk.panicked();
  first.kill("SIGKILL");
  await first.exited;
  const handedOver = desk.handedOver.length;
  await using second = await desk.startWatchdog();
  await inState(desk, "PANIC_ISSUED");
  // Nobody knows whether the worker has it: the next process hands it over, too.
  await waitUntil("the worker is called", () => desk.handedOver.length > handedOver);
  await desk.haltAsWorker(event);
  await inState(desk, "HALTED");
  second.kill("SIGKILL");
  await second.exited;
  await using _third = await desk.startWatchdog();
  await inState(desk, "HALTED");
  await waitUntil("the positions are read", async () =>
    JSON.stringify(await desk.watch()).includes('"open"'),
  );
  await Bun.sleep(10_500);
  expect(await onlyPanic(desk)).toEqual([event.event_id]);
}, 120_000);

test.concurrent("another machine's watchdog, with an empty disk, takes the latch from Redis", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  const first = await bereaved(desk);
  const { event } = await desk.panicked();
  await desk.haltAsWorker(event);
  await inState(desk, "HALTED");
  first.kill("SIGKILL");
  await first.exited;
  await rm(join(desk.stateDir, "test.latch.json"));
  await using _second = await desk.startWatchdog();
  await inState(desk, "HALTED");
  expect((await desk.watch())["latch"]).toMatchObject({ event_id: event.event_id });
}, 120_000);

test.concurrent("a Redis out of memory: the worker is called a second after the panic, and both ways carry one id", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  desk.brain.start();
  await using watchdog = await desk.startWatchdog();
  await inState(desk, "HEALTHY");
  // Before the brain dies, and with it: its beats are not taken any more.
  await desk.command("CONFIG", "SET", "maxmemory", "1");
  desk.brain.die();
  const event = await waitUntil("the worker is called", () => desk.handedOver[0]);
  const saidAt = (message: string) =>
    Date.parse(String(watchdog.lines().find(({ msg }) => msg === message)?.["time"]));
  await watchdog.said("PANIC_HANDED_OVER");
  expect(saidAt("PANIC_HANDED_OVER") - saidAt("PANIC")).toBeGreaterThan(950);
  expect(await desk.panics()).toEqual([]);
  watchdog.kill("SIGKILL");
  await watchdog.exited;
  await using _next = await desk.startWatchdog();
  await desk.command("CONFIG", "SET", "maxmemory", "0");
  const published = await desk.panicked();
  expect(published.event).toEqual(event);
  await desk.haltAsWorker(published.event);
  await inState(desk, "HALTED");
  expect(new Set(desk.handedOver.map(({ event_id }) => event_id)).size).toBe(1);
  expect(await onlyPanic(desk)).toEqual([published.event.event_id]);
}, 120_000);

test.concurrent("a panic that Redis took and no halt followed is handed to the worker, too", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  await using _watchdog = await bereaved(desk);
  const { event } = await desk.panicked();
  await waitUntil("the worker is called", () => desk.handedOver.length > 0);
  // A worker that is slow to answer is called again, with the same panic.
  for (const one of desk.handedOver) expect(one).toEqual(event);
}, 120_000);

test.concurrent("a second failure under the first one's halt: Redis loses its panic, and the worker is called", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  await using _watchdog = await bereaved(desk);
  const first = await desk.panicked();
  await desk.haltAsWorker(first.event);
  await inState(desk, "HALTED");
  desk.brain.restart();
  desk.brain.start();
  await waitUntil("the first failure is over", async () => {
    const { recovered } = await desk.record(KEYS.watchdogState);
    return recovered === "true";
  });
  desk.brain.die();
  const second = await desk.panicked();
  // As a failover does that comes before the replica has it.
  await desk.command("XDEL", KEYS.panicStream, second.id);
  await waitUntil("the worker is called", () =>
    desk.handedOver.some(({ event_id }) => event_id === second.event.event_id),
  );
  expect((await desk.watch())["state"]).toBe("PANIC_ISSUED");
  await desk.haltAsWorker(second.event);
  await inState(desk, "HALTED");
}, 120_000);

test.concurrent("Redis killed, then the exit brain: the panic goes by the socket, and to the stream when Redis is back", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  desk.brain.start();
  await using watchdog = await desk.startWatchdog();
  await inState(desk, "HEALTHY");
  await desk.redis.stop({ kill: true });
  await inState(desk, "REDIS_LOST");
  const diedAt = performance.now();
  desk.brain.die();
  await waitUntil("the worker is called", () => desk.handedOver.length > 0);
  // Long before REDIS_LOST_MAX_SEC, which is a minute.
  expect(performance.now() - diedAt).toBeLessThan(20_000);
  expect(desk.handedOver[0]).toMatchObject({ reason: "POSITIONS_UNGUARDED", issued_by: "watchdog" });
  await desk.redis.restart();
  const { event } = await desk.panicked();
  expect([event]).toEqual(desk.handedOver.slice(0, 1));
  await desk.haltAsWorker(event);
  await inState(desk, "HALTED");
  await watchdog.said("PANIC");
  expect(watchdog.lines().filter(({ msg }) => msg === "PANIC")).toHaveLength(1);
}, 120_000);

test.concurrent("an operator's reset by redis-cli starts the watch anew; the next failure is another panic", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  await using _watchdog = await bereaved(desk);
  const first = await desk.panicked();
  await desk.haltAsWorker(first.event);
  await inState(desk, "HALTED");
  await desk.command("DEL", KEYS.tradingState);
  await inState(desk, "BOOTSTRAP");
  expect((await desk.watch())["latch"]).toBeNull();
  await waitUntil("Redis has no latch", async () => !("event_id" in (await desk.record(KEYS.watchdogState))));
  desk.brain.restart();
  desk.brain.start();
  await inState(desk, "HEALTHY");
  desk.brain.die();
  const second = await desk.panicked();
  expect(second.event.event_id).not.toBe(first.event.event_id);
}, 120_000);

test.concurrent("a Redis that was emptied has not been reset by an operator", async () => {
  await using desk = await openWatchdogDesk(binary, 1);
  await using _watchdog = await bereaved(desk);
  const { event } = await desk.panicked();
  await desk.haltAsWorker(event);
  await inState(desk, "HALTED");
  await desk.command("FLUSHALL");
  await waitUntil("the watch goes on", async () => (await desk.watch())["state"]);
  await Bun.sleep(1000);
  expect((await desk.watch())["state"]).toBe("HALTED");
}, 120_000);
