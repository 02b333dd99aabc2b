import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../../lib/contract/keys.ts";
import { compileRole } from "../../support/compile-role.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { betweenMs, inState, lastBeatBefore, openWatchdogDesk, type WatchdogDesk } from "./watchdog-desk.ts";

const KEYS = keysOf("");
let folder = "";
let binary = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-watchdog-build-"));
  binary = await compileRole(folder, "exit-brain-watchdog");
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

/** The watchdog has drained what there was, and its last beat is new. */
const freshBeat = (desk: WatchdogDesk) =>
  waitUntil(
    "a fresh beat is seen",
    async () => Number((await desk.watch())["heartbeat_age_ms"] ?? 9999) < 400,
  );

describe("a compiled watchdog", () => {
  test("panics 3 s after the last heartbeat when positions are open, once, and says so everywhere", async () => {
    await using desk = await openWatchdogDesk(binary, 2);
    desk.brain.start();
    await using watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    desk.brain.die();
    const { id, event } = await desk.panicked();
    const last = await lastBeatBefore(desk, id);
    expect(betweenMs(last, id)).toBeGreaterThan(2900);
    // By its own clock, which leaves out what a busy machine takes from it.
    const said = await watchdog.said("PANIC");
    expect(Number(said["heartbeatAgeMs"])).toBeWithin(3001, 3501);
    expect(event).toMatchObject({
      reason: "POSITIONS_UNGUARDED",
      issued_by: "watchdog",
      severity: "CRITICAL",
    });
    await desk.haltAsWorker(event);
    await inState(desk, "HALTED");
    expect(await desk.panics()).toHaveLength(1);
    expect(desk.handedOver).toEqual([]);

    const stats = `${KEYS.statsPrefix}exit-brain-watchdog`;
    await waitUntil("the panic is counted", () => desk.command("HGET", stats, "panic:POSITIONS_UNGUARDED"));
    const metrics = await (await fetch(`${await watchdog.url()}/metrics`)).text();
    expect(metrics).toContain('quantum_watchdog_panics_total{reason="POSITIONS_UNGUARDED"} 1');
    expect(metrics).toContain('quantum_watchdog_state{state="HALTED"} 1');
    expect(metrics).toMatch(/quantum_watchdog_positions 2\n/);
    const recorded = await waitUntil("Redis has the state", async () => {
      const record = await desk.record(KEYS.watchdogState);
      return record["state"] === "HALTED" && record;
    });
    expect(recorded).toMatchObject({
      ...{ stage: "halted", event_id: event.event_id, instance_id: "brain-1" },
    });
    expect(await desk.record(`${KEYS.rolePrefix}exit-brain-watchdog:test`)).toMatchObject({ mode: "PAPER" });
  }, 120_000);

  test.concurrent("without positions a missing heartbeat is a panic after 5 s", async () => {
    await using desk = await openWatchdogDesk(binary, 0);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    desk.brain.die();
    const { id, event } = await desk.panicked();
    expect(event.reason).toBe("EXIT_BRAIN_HEARTBEAT_LOST");
    expect(betweenMs(await lastBeatBefore(desk, id), id)).toBeGreaterThan(4900);
  }, 120_000);

  test.concurrent("a DEGRADED spell without a break is one after 5 s, with clocks an hour apart", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    const hourAhead = Date.now() + 3_600_000;
    desk.brain.change({ ts: hourAhead });
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    desk.brain.change({ status: "DEGRADED" });
    const first = await desk.brain.beat();
    const { id, event } = await desk.panicked();
    expect(event.reason).toBe("EXIT_BRAIN_DEGRADED_TOO_LONG");
    expect(betweenMs(first, id)).toBeGreaterThan(4900);
  }, 120_000);

  test.concurrent("a crash loop with gaps under 3 s is found", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    for (const _crash of [1, 2, 3]) {
      desk.brain.restart();
      await desk.brain.beat();
    }
    expect((await desk.panicked()).event.reason).toBe("EXIT_BRAIN_CRASH_LOOP");
  }, 120_000);
});

describe("what is no sign of life", () => {
  test.concurrent("started onto old heartbeats with positions open: a panic after its 10 s of grace, not before", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    await desk.brain.beat();
    const startedMs = performance.now();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "BOOTSTRAP");
    const { event } = await desk.panicked();
    expect(performance.now() - startedMs).toBeGreaterThan(9900);
    expect(event.reason).toBe("POSITIONS_UNGUARDED");
  }, 120_000);

  test.concurrent("replayed beats and entries that are no heartbeat keep nothing alive", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    desk.brain.start();
    await using watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    desk.brain.die();
    await desk.command("XADD", KEYS.heartbeatStream, "*", "status", "SPLENDID");
    const replay = setInterval(() => void desk.brain.beat({ seq: 1 }).catch(() => undefined), 200);
    try {
      expect((await desk.panicked()).event.reason).toBe("POSITIONS_UNGUARDED");
    } finally {
      clearInterval(replay);
    }
    const metrics = await (await fetch(`${await watchdog.url()}/metrics`)).text();
    expect(metrics).toMatch(/quantum_watchdog_malformed_heartbeats_total 1\n/);
  }, 120_000);
});

describe("no panic", () => {
  test.concurrent("while Redis hangs for a second again and again", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    desk.brain.start();
    await using watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    for (const _spike of [1, 2, 3, 4]) {
      desk.redis.hang();
      await Bun.sleep(1000);
      desk.redis.resume();
      await freshBeat(desk);
    }
    await inState(desk, "HEALTHY");
    expect(await desk.panics()).toEqual([]);
    expect(watchdog.lines().filter(({ msg }) => msg === "PANIC")).toEqual([]);
  }, 120_000);

  test.concurrent("when the watchdog itself was stopped for longer than every limit", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    desk.brain.start();
    await using watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    watchdog.kill("SIGSTOP");
    await Bun.sleep(6000);
    watchdog.kill("SIGCONT");
    await freshBeat(desk);
    await inState(desk, "HEALTHY");
    expect(await desk.panics()).toEqual([]);
  }, 120_000);

  test.concurrent("for an announced restart under a second, nor for its new sequence", async () => {
    await using desk = await openWatchdogDesk(binary, 1);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    for (const _upgrade of [1, 2, 3, 4]) {
      await desk.brain.beat({ status: "STOPPING" });
      desk.brain.restart();
      await desk.brain.beat();
    }
    await waitUntil("the last instance is seen", async () =>
      JSON.stringify(await desk.watch()).includes("brain-5"),
    );
    await inState(desk, "HEALTHY");
    expect(await desk.panics()).toEqual([]);
  }, 120_000);
});
