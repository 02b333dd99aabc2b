import { expect, test } from "bun:test";
import { EXIT_CODES } from "../../../lib/contract/exit-codes.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { ProcessExit } from "../../../lib/daemon/process-exit.ts";
import { waitUntil } from "../../support/wait-until.ts";
import { type Brain, type ExitDesk, openExitDesk } from "./exit-desk.ts";

/** A test with a Redis and a venue of its own: they wait most of the time, and so wait together. */
const on = (body: (desk: ExitDesk) => Promise<void>) => async () => {
  await using desk = await openExitDesk();
  await body(desk);
};

const buy = (desk: ExitDesk) => desk.order({ symbol: "ETHUSDT", side: "BUY", quantity: "0.2" });
const fault = (desk: ExitDesk, path: string, effect: object) =>
  desk.paper.admin("POST", "faults", { rules: [{ match: { method: "GET", path }, effect }] });
const degradedBy = (brain: Brain, reason: string) =>
  waitUntil(`it is degraded by ${reason}`, async () => (await brain.degraded()).includes(reason));
const aliveAgain = (brain: Brain) =>
  waitUntil("it is ALIVE", async () => (await brain.cycles()).at(-1)?.status === "ALIVE");

/** Shorter than the deadline of any request: a cycle that waits for one takes longer, however idle the machine. */
const HELD_UP_MS = 1400;

/** So many more cycles complete, after the one under way, and are not held up by what hangs: a busy machine holds up some. */
async function completes(brain: Brain, cycles: number): Promise<void> {
  const before = brain.beats();
  await waitUntil(`${cycles} more cycles complete`, () => brain.beats() > before + cycles);
  const took = (await brain.cycles()).slice(-cycles).map(({ cycleMs }) => cycleMs);
  expect(Math.min(...took)).toBeLessThan(HELD_UP_MS);
}

/** A position with its default plan and without a stop at the venue: so that only the rules can close it. */
async function guarded(desk: ExitDesk, settings: Readonly<Record<string, string>> = {}): Promise<Brain> {
  const brain = await desk.start({ PROTECTIVE_STOP: "none", ...settings });
  await buy(desk);
  await waitUntil("it is guarded", async () => (await brain.positions())[0]?.decision === "hold");
  await waitUntil("its plan is stored", async () => (await desk.plan("ETHUSDT"))["stop_loss"] === "2940");
  return brain;
}

test.concurrent(
  "every completed cycle beats: with the true count, numbered, and STOPPING at the end",
  on(async (desk) => {
    const brain = await guarded(desk);
    const beats = brain.beats();
    await waitUntil("three more", async () => (await desk.heartbeats()).length >= beats + 3);
    await brain.stop();
    const heartbeats = await desk.heartbeats();
    expect(heartbeats.length).toBe(brain.beats() + 1);
    expect(heartbeats.map(({ seq }) => seq)).toEqual(heartbeats.map((_, index) => index + 1));
    expect(new Set(heartbeats.map(({ instance_id }) => instance_id)).size).toBe(1);
    expect(heartbeats.at(-1)).toMatchObject({ status: "STOPPING", active_positions: 1 });
    expect(heartbeats.at(-2)).toMatchObject({
      service_id: "exit_brain",
      status: "ALIVE",
      active_positions: 1,
    });
    expect(Date.now() - (heartbeats.at(-2)?.last_decision_ts ?? 0)).toBeLessThan(10_000);
  }),
);

test.concurrent(
  "a Redis that hangs does not stop the loop from deciding; the exit goes out once it is back",
  on(async (desk) => {
    const brain = await guarded(desk);
    desk.server.hang();
    await completes(brain, 2);
    await desk.paper.setPrice("ETHUSDT", "2900");
    await waitUntil("it is decided", async () => (await brain.positions())[0]?.decision === "exit");
    await degradedBy(brain, "EXIT_UNCONFIRMED");
    await completes(brain, 2);
    desk.server.resume();
    const exits = await waitUntil("it is out", async () => {
      const all = await desk.exits();
      return all.length > 0 && all;
    });
    expect(new Set(exits.map(({ intent_id }) => intent_id)).size).toBe(1);
    expect(exits[0]?.reason).toBe("HARD_STOP");
  }),
);

test.concurrent(
  "an exit that falls due while Redis has just begun to hang does not hold up the cycle",
  on(async (desk) => {
    const brain = await guarded(desk);
    const dueMs = Date.now() + 3000;
    const plan = `${desk.keys.positionPlanPrefix}ETHUSDT`;
    await desk.redis("HSET", plan, "opened_at", String(dueMs - 60_000), "max_hold_sec", "60");
    // A command that is under way is given up after 1.5 s: the exit is decided before that.
    await waitUntil("it is nearly due", () => Date.now() > dueMs - 200);
    desk.server.hang();
    await waitUntil("it is decided", async () => (await brain.positions())[0]?.decision === "exit");
    await completes(brain, 3);
    desk.server.resume();
    await waitUntil("it is out", async () => (await desk.exits()).at(-1)?.reason === "TIME_STOP");
  }),
);

test.concurrent(
  "a spike of a second in Redis costs no heartbeat",
  on(async (desk) => {
    const brain = await desk.start();
    for (let spikes = 0; spikes < 2; spikes += 1) {
      desk.server.hang();
      const sinceMs = performance.now();
      await waitUntil("a second has passed", () => performance.now() - sinceMs > 1000);
      desk.server.resume();
      await completes(brain, 2);
    }
    await brain.stop();
    expect((await desk.heartbeats()).length).toBe(brain.beats() + 1);
    expect(brain.alarms()).toEqual([]);
  }),
);

test.concurrent(
  "a loop that hangs does not beat, although the process answers",
  on(async (desk) => {
    let hangs = false;
    const sleep = (ms: number, signal?: AbortSignal) =>
      hangs ? new Promise<void>(() => undefined) : systemClock.sleep(ms, signal);
    const brain = desk.launch({}, { ...systemClock, sleep });
    await waitUntil("it beats", () => brain.beats() > 1);
    hangs = true;
    const sinceMs = performance.now();
    const before = brain.beats();
    await waitUntil("three seconds have passed", () => performance.now() - sinceMs > 3000);
    expect(brain.beats()).toBeLessThanOrEqual(before + 1);
    expect((await desk.heartbeats()).length).toBeLessThanOrEqual(before + 1);
    expect(await brain.positions()).toEqual([]);
    brain.abandon();
  }),
);

test.concurrent(
  "a Redis that is gone does not stop the loop, nor leave a position that is opened now unguarded",
  on(async (desk) => {
    const brain = await desk.start({ PROTECTIVE_STOP: "none" });
    // Before that it changes nothing anywhere.
    await waitUntil("the account is compared", () => brain.detail("venue") === "connected");
    await desk.server.stop();
    await buy(desk);
    await completes(brain, 2);
    await waitUntil("it is guarded", async () => (await brain.positions())[0]?.plan?.stop_loss === "2940");
    const alarm = "POSITION WITHOUT A PLAN ETHUSDT: REDIS_UNREADABLE";
    await waitUntil("the same cycle says so", async () => brain.alarms().includes(alarm));
    await desk.paper.setPrice("ETHUSDT", "2900");
    await degradedBy(brain, "EXIT_UNCONFIRMED");
  }),
);

test.concurrent(
  "a Redis that refuses writes makes an exit that is due DEGRADED at once",
  on(async (desk) => {
    // An exit that merely is not confirmed would take this long.
    const brain = await guarded(desk, { EXIT_CONFIRM_MS: "60000" });
    await desk.redis("CONFIG", "SET", "min-replicas-to-write", "1");
    await desk.paper.setPrice("ETHUSDT", "2900");
    await degradedBy(brain, "EXIT_UNCONFIRMED");
    await desk.redis("CONFIG", "SET", "min-replicas-to-write", "0");
    await waitUntil("it is out", async () => (await desk.exits()).length > 0);
  }),
);

test.concurrent(
  "positions that cannot be read are neither zero nor forgotten",
  on(async (desk) => {
    const brain = await guarded(desk);
    await fault(desk, "/fapi/v3/positionRisk", { kind: "http", status: 502 });
    await degradedBy(brain, "POSITIONS_UNREADABLE");
    await completes(brain, 3);
    const { heartbeats } = desk;
    expect((await heartbeats()).at(-1)).toMatchObject({ status: "DEGRADED", active_positions: 1 });
    const decidedAt = (await heartbeats()).at(-1)?.last_decision_ts;
    await desk.paper.setPrice("ETHUSDT", "2900");
    await waitUntil("what is due goes out all the same", async () => (await desk.exits()).length > 0);
    expect((await heartbeats()).at(-1)?.last_decision_ts).toBe(decidedAt ?? 0);
    expect(Object.keys(await desk.plan("ETHUSDT"))).not.toEqual([]);
  }),
);

test.concurrent(
  "a venue that hangs does not hold up the cycles",
  on(async (desk) => {
    const brain = await guarded(desk);
    await fault(desk, "/fapi/v3/positionRisk", { kind: "latency", ms: 10_000 });
    await completes(brain, 2);
    await degradedBy(brain, "POSITIONS_UNREADABLE");
    await desk.paper.clearFaults();
    await aliveAgain(brain);
  }),
);

test.concurrent(
  "prices that fall silent make it DEGRADED; the price that comes with the position still decides",
  on(async (desk) => {
    const brain = await guarded(desk);
    await desk.paper.admin("POST", "streams", { action: "mute" });
    await fault(desk, "/fapi/v1/premiumIndex", { kind: "http", status: 502 });
    await degradedBy(brain, "PRICES_STALE");
    await desk.paper.setPrice("ETHUSDT", "2900");
    await waitUntil("what is due goes out all the same", async () => (await desk.exits()).length > 0);
  }),
);

test.concurrent(
  "a mark stream that falls silent is helped out by REST, without becoming DEGRADED for long",
  on(async (desk) => {
    const brain = await guarded(desk);
    await desk.paper.admin("POST", "streams", { action: "mute" });
    await completes(brain, 4);
    await aliveAgain(brain);
    expect((await brain.cycles()).filter(({ status }) => status === "DEGRADED").length).toBeLessThan(3);
  }),
);

test.concurrent(
  "another account than the recorded one ends it before it touches the venue",
  on(async (desk) => {
    await desk.redis("MSET", desk.keys.mode, "PAPER", desk.keys.modeAccount, "somebody else");
    await buy(desk);
    const brain = desk.launch();
    const end = await brain.ended;
    expect(end).toBeInstanceOf(ProcessExit);
    expect(end).toMatchObject({ exitCode: EXIT_CODES.configuration });
    expect(await desk.stops()).toEqual([]);
  }),
);

test.concurrent(
  "before positions were read once it neither beats nor is ready",
  on(async (desk) => {
    await fault(desk, "/fapi/v3/positionRisk", { kind: "http", status: 502 });
    const brain = desk.launch();
    await waitUntil("it asks", async () =>
      JSON.stringify(await desk.paper.read("requests")).includes("positionRisk"),
    );
    expect(brain.ready()).toBe(false);
    expect(brain.beats()).toBe(0);
    expect(await desk.heartbeats()).toEqual([]);
    await desk.paper.clearFaults();
    await waitUntil("it beats", () => brain.beats() > 0);
  }),
);

test.concurrent(
  "the user-data stream is opened again when it drops, and when its key ends",
  on(async (desk) => {
    const brain = await desk.start();
    const opened = () =>
      brain.log.lines.filter(({ message }) => message === "user-data stream is open").length;
    await waitUntil("it is open", () => opened() === 1);
    await desk.paper.admin("POST", "streams", { action: "drop" });
    await waitUntil("it is open again", () => opened() === 2);
    await desk.paper.admin("POST", "streams", { action: "expire-listen-key" });
    await waitUntil("it is open with a new key", () => opened() === 3);
  }),
);

test.concurrent(
  "without the function library, and without the right to load it, it beats and exits; plans are written later",
  on(async (desk) => {
    await desk.redis("ACL", "SETUSER", "default", "-function|load");
    const brain = await desk.start({ PROTECTIVE_STOP: "none" });
    await buy(desk);
    await waitUntil("it is guarded", async () => (await brain.positions())[0]?.decision === "hold");
    await completes(brain, 3);
    expect(await brain.degraded()).toEqual([]);
    expect(await desk.plan("ETHUSDT")).toEqual({});
    await desk.redis("ACL", "SETUSER", "default", "+function|load");
    await waitUntil("the plan is stored", async () => (await desk.plan("ETHUSDT"))["stop_loss"] === "2940");
    await desk.redis("ACL", "SETUSER", "default", "-function|load");
    await desk.redis("FUNCTION", "FLUSH");
    await desk.paper.setPrice("ETHUSDT", "2900");
    await waitUntil("the exit goes out", async () => (await desk.exits()).length > 0);
    await brain.stop();
    expect((await desk.heartbeats()).length).toBe(brain.beats() + 1);
  }),
);
