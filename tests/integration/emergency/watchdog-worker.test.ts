import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { keysOf } from "../../../lib/contract/keys.ts";
import { type PanicCompletion, panicCompletionSchema } from "../../../lib/contract/panic.ts";
import { decodeEntries } from "../../../lib/redis/stream-entry.ts";
import { compileRole } from "../../support/compile-role.ts";
import { type DaemonProcess, startDaemon } from "../../support/daemon-process.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { inState, openWatchdogDesk, type WatchdogDesk } from "./watchdog-desk.ts";

const KEYS = keysOf("");
const TOOL = join(import.meta.dir, "../../../scripts/panic-test.ts");
let folder = "";
let watchdogBinary = "";
let workerBinary = "";

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quantum-watchdog-build-"));
  watchdogBinary = await compileRole(folder, "exit-brain-watchdog");
  workerBinary = await compileRole(folder, "emergency-exit-worker");
}, 120_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

const openDesk = (positions: number) => openWatchdogDesk(watchdogBinary, positions, { worker: "none" });

async function startWorker(desk: WatchdogDesk): Promise<DaemonProcess> {
  const worker = await startDaemon({
    command: [workerBinary],
    environment: {
      ...{ REDIS_URL: desk.redis.url, EXCHANGE_REST_URL: desk.venue.url, EXCHANGE_WS_URL: desk.venue.wsUrl },
      ...{
        HALT_FILE: desk.haltFile,
        PANIC_SOCKET: desk.socket,
        ADMIN_TOKEN: "token",
        QUANTUM_INSTANCE: "test",
      },
    },
  });
  await worker.said("ready");
  return worker;
}

async function completions(desk: WatchdogDesk): Promise<readonly PanicCompletion[]> {
  const reply = await desk.command("XRANGE", KEYS.panicCompletedStream, "-", "+");
  return decodeEntries(reply).entries.map(({ fields }) => panicCompletionSchema.parse(fields));
}

const venueState = z.object({ positions: z.array(z.looseObject({ positionAmt: z.string() })) });

async function openAtVenue(desk: WatchdogDesk): Promise<number> {
  const { positions } = venueState.parse(await desk.venue.read("state"));
  return positions.filter(({ positionAmt }) => Number(positionAmt) !== 0).length;
}

const flat = (desk: WatchdogDesk) =>
  waitUntil("a flat completion", async () =>
    (await completions(desk)).find(({ status }) => status === "flat"),
  );

describe("watchdog and worker, both compiled", () => {
  test("a dead exit brain: halted, flat and completed within 15 s, one panic, and a reset by redis-cli starts anew", async () => {
    await using desk = await openDesk(3);
    await using _worker = await startWorker(desk);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    desk.brain.die();
    const diedAt = performance.now();
    const completion = await flat(desk);
    expect(performance.now() - diedAt).toBeLessThan(15_000);
    const [panic] = await desk.panics();
    expect(completion).toMatchObject({
      positions_total: 3,
      positions_closed: 3,
      event_id: panic?.event.event_id,
    });
    expect(await openAtVenue(desk)).toBe(0);
    await inState(desk, "HALTED");
    expect(existsSync(desk.haltFile)).toBe(true);
    await desk.command("DEL", KEYS.tradingState);
    await inState(desk, "BOOTSTRAP");
    await waitUntil("the halt file is gone", () => !existsSync(desk.haltFile));
    expect(await desk.panics()).toHaveLength(1);
  }, 120_000);

  test.concurrent("Redis and exit brain dead: flat without Redis, and one completion when it returns", async () => {
    await using desk = await openDesk(2);
    await using _worker = await startWorker(desk);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    await desk.redis.stop({ kill: true });
    desk.brain.die();
    await waitUntil("the venue is flat", async () => (await openAtVenue(desk)) === 0);
    await desk.redis.restart();
    await desk.ready();
    const { event_id } = await flat(desk);
    await inState(desk, "HALTED");
    await waitUntil("the panic is in the stream", async () => (await desk.panics()).length === 1);
    expect((await completions(desk)).map((one) => one.event_id)).toEqual([event_id]);
  }, 120_000);

  test.concurrent("the venue away when the brain dies: the worker leaves the watchdog's halt alone, flat within 15 s of its return", async () => {
    await using desk = await openDesk(2);
    await using _worker = await startWorker(desk);
    desk.brain.start();
    await using _watchdog = await desk.startWatchdog();
    await inState(desk, "HEALTHY");
    await desk.venue.useFaults({ rules: [{ match: { path: "/fapi/*" }, effect: { kind: "lost_request" } }] });
    await waitUntil(
      "the venue is silent",
      async () => Number((await desk.watch())["venue_silent_ms"]) > 3000,
    );
    await inState(desk, "HEALTHY");
    desk.brain.die();
    await inState(desk, "VENUE_LOST");
    const halt = async () =>
      (await desk.record(KEYS.tradingState))["halted"] === "true" && existsSync(desk.haltFile);
    await waitUntil("entries are halted", halt);
    await Bun.sleep(3000);
    expect(await halt()).toBe(true);
    await desk.venue.clearFaults();
    const backAt = performance.now();
    await flat(desk);
    expect(performance.now() - backAt).toBeLessThan(15_000);
    expect(await openAtVenue(desk)).toBe(0);
  }, 120_000);
});

describe("the panic test tool", () => {
  async function runTool(
    desk: WatchdogDesk,
    args: readonly string[],
    env: Readonly<Record<string, string>> = {},
  ) {
    const child = Bun.spawn([process.execPath, TOOL, ...args], {
      env: { TRADING_MODE: "PAPER", REDIS_URL: desk.redis.url, ...env },
      stdin: "ignore",
      stdout: "pipe",
      stderr: "pipe",
    });
    const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
    return { out: `${out}${err}`, code };
  }

  test.concurrent("publishes as ops, prints the timeline with the results, and ends with 0 when flat", async () => {
    await using desk = await openDesk(2);
    await using worker = await startWorker(desk);
    const { out, code } = await runTool(desk, [
      "--yes",
      "--reason",
      "drill",
      "--worker-url",
      await worker.url(),
    ]);
    expect(out).toMatch(
      /published [0-9a-f-]{36}[\s\S]*halted\n[\s\S]*first close sent\n[\s\S]*flat: 2 of 2 positions closed/,
    );
    expect(out).toContain("BTCUSDT BOTH 1 closed");
    expect(code).toBe(0);
    expect((await desk.panics())[0]?.event).toMatchObject({ issued_by: "ops", reason: "drill" });
  }, 120_000);

  test.concurrent("ends with 76 when nobody completes the panic in time", async () => {
    await using desk = await openDesk(1);
    const { out, code } = await runTool(desk, ["--yes", "--wait", "1"]);
    expect(code).toBe(76);
    expect(out).toContain("no completion in time");
  }, 120_000);

  test.concurrent.each([
    ["without a confirmation", [], {}, 1],
    ["in LIVE without --live", ["--yes"], { TRADING_MODE: "LIVE" }, 78],
    ["without a mode", ["--yes"], { TRADING_MODE: "" }, 78],
    ["for another mode than Redis belongs to", ["--yes"], { TRADING_MODE: "TESTNET" }, 78],
    ["without Redis", ["--yes"], { REDIS_URL: "unix:///nonexistent/redis.sock" }, 75],
  ] as const)(
    "publishes nothing %s",
    async (_, args, env, expected) => {
      await using desk = await openDesk(0);
      await desk.command("SET", KEYS.mode, "PAPER");
      expect((await runTool(desk, args, env)).code).toBe(expected);
      expect(await desk.panics()).toEqual([]);
    },
    120_000,
  );
});
