import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "../../support/wait-until.ts";
import { betweenMs, compileWatchdog, openWatchdogDesk, type WatchdogDesk } from "./watchdog-desk.ts";

let folder = "";
let binary = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-watchdog-build-"));
  binary = await compileWatchdog(folder);
}, 60_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const inState = (desk: WatchdogDesk, state: string) =>
  waitUntil(`the watchdog is ${state}`, async () => (await desk.watch())["state"] === state);

describe("the compiled watchdog", () => {
  test("panics within 3.5 s of the last heartbeat when positions are open, once, and ends in HALTED", async () => {
    await using desk = await openWatchdogDesk(binary, 2);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    const last = desk.brain.die();
    const { id, event } = await desk.panicked();
    expect(betweenMs(last, id)).toBeGreaterThan(2900);
    expect(betweenMs(last, id)).toBeLessThanOrEqual(3500);
    expect(event).toMatchObject({
      reason: "POSITIONS_UNGUARDED",
      issued_by: "watchdog",
      severity: "CRITICAL",
    });
    await desk.haltAsWorker(event);
    await inState(desk, "HALTED");
    expect(await desk.panics()).toHaveLength(1);
    expect(desk.handedOver).toEqual([]);
  }, 20_000);
});
