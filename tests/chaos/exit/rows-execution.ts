import { z } from "zod";
import { encodePanicEvent } from "../../../lib/contract/panic.ts";
import { readStream } from "../../../scripts/stack/read-pipeline.ts";
import { waitFor } from "../../../scripts/stack/wait-for.ts";
import { publish, results, WIDE_OPEN } from "../../support/pipeline.ts";
import { HELD_PRICES, validIntent } from "../../support/valid-trade.ts";
import { must, mustFollow } from "./must.ts";
import type { Scenario } from "./scenario.ts";
import { openStage, type Stage } from "./stage.ts";
import { followPanic, seeFlat, type Timeline } from "./timeline.ts";
import { untilGuarded } from "./until-guarded.ts";
import { simulated } from "./venue-hand.ts";

const POSITIONS = 3;
const FLAT_WITHIN_MS = 15_000;
/** Beyond the default target of 4 %; the stop at the venue is on the other side and stays out of it. */
const EXIT_DUE_PART = 1.1;
/** Mark prices come once a second and the exit brain looks once a second; the rest is a busy machine. */
const SEEN_WITHIN_MS = 2500;

const cyclesSchema = z.object({
  cycles: z.array(z.looseObject({ ts: z.number(), degraded: z.array(z.string()) })),
});
const indexSchema = z.looseObject({ markPrice: z.string() });

/** When the exit brain first said that an exit goes nowhere; asked without Redis. */
async function degradedAt(stage: Stage): Promise<number | undefined> {
  const reply = await fetch(`${stage.role("exit-brain").url}/v1/cycles`, {
    signal: AbortSignal.timeout(1000),
  });
  const { cycles } = cyclesSchema.parse(await reply.json());
  return cycles.find(({ degraded }) => degraded.includes("EXIT_UNCONFIRMED"))?.ts;
}

/** Moves the price beyond the target of the position: its exit is due. Returns epoch ms. */
async function makeExitDue(stage: Stage, symbol: string): Promise<number> {
  const index = indexSchema.parse(await stage.venue.call("GET", "/fapi/v1/premiumIndex", { symbol }));
  const price = (Number(index.markPrice) * EXIT_DUE_PART).toPrecision(3);
  await stage.venue.control("market", { symbol, price });
  return Date.now();
}

/** What stands in the way of an exit, and how it ends. */
interface Obstacle {
  readonly what: string;
  /** From the exit's being seen to DEGRADED: at once where Redis refuses it, else EXIT_CONFIRM_MS. */
  readonly patienceMs: number;
  begin(stage: Stage): Promise<unknown>;
  end(stage: Stage): Promise<unknown>;
}

const NO_EXECUTION: Obstacle = {
  what: "execution killed -9",
  patienceMs: 2000,
  begin: (stage) => stage.role("execution").kill(),
  end: () => Promise.resolve(),
};

/** Nobody listens on port 1: the master is never found and the data stay. */
const READ_ONLY: Obstacle = {
  what: "Redis is a read-only replica",
  patienceMs: 0,
  begin: (stage) => stage.eye.command("REPLICAOF", "127.0.0.1", "1"),
  end: (stage) => stage.eye.command("REPLICAOF", "NO", "ONE"),
};

function exitCannotGo(obstacle: Obstacle): () => Promise<Timeline> {
  return async () => {
    await using stage = await openStage();
    const symbols = simulated(POSITIONS);
    await stage.venue.openPositions(symbols);
    await untilGuarded(stage, POSITIONS);
    await obstacle.begin(stage);
    const atMs = Date.now();
    const dueMs = await makeExitDue(stage, symbols[0] ?? "");
    const degradedMs = await waitFor("the exit brain says DEGRADED", () => degradedAt(stage), {
      timeoutMs: FLAT_WITHIN_MS,
      everyMs: 50,
    });
    const flatMs = await seeFlat(stage, FLAT_WITHIN_MS);
    must(stage.haltFileStands(), "the halt file stands");
    const limitMs = SEEN_WITHIN_MS + obstacle.patienceMs;
    mustFollow(dueMs, degradedMs, { ms: limitMs, what: "DEGRADED after the exit is due" });
    mustFollow(dueMs, flatMs, { ms: FLAT_WITHIN_MS, what: "flat after the exit is due" });
    await obstacle.end(stage);
    const endedMs = Date.now();
    const course = await followPanic(stage, {
      ...{ atMs, what: obstacle.what, flatWithinMs: 2000, completionWithinMs: 20_000 },
    });
    const flat = course.completions.find((one) => one.status === "flat");
    must(flat?.positions_closed === POSITIONS, `the completion counts ${flat?.positions_closed}`);
    must(course.haltedMs !== undefined, "Redis says halted in the end");
    const timeline: Timeline = [
      [dueMs, "the price passes a target: an exit is due"],
      [degradedMs, "the exit brain says DEGRADED"],
      ...course.timeline.filter(([, what]) => !what.startsWith("seen flat")),
      [flatMs, "seen flat"],
      [endedMs, obstacle.patienceMs === 0 ? "Redis takes writes again" : "execution stays dead"],
    ];
    return timeline.toSorted(([a], [b]) => a - b);
  };
}

/** Beats, exits and their orders pass a server that is out of memory: one position goes, and no panic takes the others. */
async function exitGoesWithoutMemory(): Promise<Timeline> {
  await using stage = await openStage();
  const symbols = simulated(POSITIONS);
  const [due = "", ...others] = symbols;
  await stage.venue.openPositions(symbols);
  await untilGuarded(stage, POSITIONS);
  await stage.eye.command("CONFIG", "SET", "maxmemory", "1");
  const fullMs = Date.now();
  const dueMs = await makeExitDue(stage, due);
  const open = async () => (await stage.venue.positions()).map(({ symbol }) => symbol);
  const closed = async () => !(await open()).includes(due) && Date.now();
  const closedMs = await waitFor("the position is closed", closed, {
    timeoutMs: FLAT_WITHIN_MS,
    everyMs: 20,
  });
  mustFollow(dueMs, closedMs, { ms: SEEN_WITHIN_MS, what: "closed after the exit is due" });
  // Longer than a brain that cannot beat, or whose exit is not confirmed, is given before the panic.
  await waitFor("a panic would have come", () => Date.now() > closedMs + FLAT_WITHIN_MS, {
    timeoutMs: 2 * FLAT_WITHIN_MS,
    everyMs: 100,
  });
  await stage.eye.command("CONFIG", "SET", "maxmemory", "0");
  const writableMs = Date.now();
  const ended = await waitFor("the exit has its result", async () => (await results(stage))[0], {
    timeoutMs: FLAT_WITHIN_MS,
    everyMs: 50,
  });
  must(ended.status === "filled", `the exit ended ${ended.status} ${ended.reason}`);
  must((await open()).toSorted().join() === others.toSorted().join(), "the others are still open");
  must((await readStream(stage.eye, stage.keys.panicStream)).length === 0, "no panic was called");
  must(!stage.haltFileStands(), "nothing is halted");
  return [
    [fullMs, "Redis is out of memory"],
    [dueMs, "the price passes a target: an exit is due"],
    [closedMs, "its position is closed, the others stay"],
    [writableMs, "Redis has memory again; no panic was called"],
  ];
}

const QUEUED = 100;
const LATE_MS = 1500;
const faultsSchema = z.object({ rules: z.array(z.object({ fired: z.number() })) });

/** The venue has taken the entry and will act on it 1.5 s later; execution's connection was dropped. */
async function sendLateEntry(stage: Stage): Promise<string> {
  await stage.venue.faults({
    rules: [
      {
        match: { method: "POST", path: "/fapi/v1/order" },
        count: 1,
        effect: { kind: "delayed_execution", ms: LATE_MS, reply: "drop" },
      },
    ],
  });
  const intent = validIntent();
  await publish(stage, intent);
  await waitFor(
    "the entry is at the venue",
    async () =>
      (faultsSchema.parse(await (await fetch(`${stage.venueUrl}/paper/faults`)).json()).rules[0]?.fired ??
        0) > 0,
    { timeoutMs: 30_000 },
  );
  return String(intent["intent_id"]);
}

/** The intents are in the stream, unread, before the panic is. */
async function queueIntents(stage: Stage): Promise<ReadonlySet<string>> {
  const intents = Array.from({ length: QUEUED }, () => validIntent());
  for (const intent of intents) await publish(stage, intent);
  return new Set(intents.map((one) => String(one["intent_id"])));
}

async function entryInFlight(): Promise<Timeline> {
  await using stage = await openStage({ env: { execution: WIDE_OPEN.execution } });
  await stage.venue.control("market", { symbol: "ETHUSDT", price: HELD_PRICES.ETHUSDT });
  await stage.venue.openPositions(simulated(POSITIONS));
  await untilGuarded(stage, POSITIONS);
  const execution = stage.role("execution").process();
  const lateId = await sendLateEntry(stage);
  const sentMs = Date.now();
  execution.signal("SIGSTOP");
  const queued = await queueIntents(stage);
  const event = { event_id: crypto.randomUUID(), reason: "CHAOS", severity: "CRITICAL" } as const;
  const fields = encodePanicEvent({ ...event, issued_by: "ops", ts: Date.now() });
  await stage.eye.command("XADD", stage.keys.panicStream, "*", ...Object.entries(fields).flat());
  const atMs = Date.now();
  await waitFor("the halt file stands", () => stage.haltFileStands(), { timeoutMs: 2000 });
  must(Date.now() < sentMs + LATE_MS, "the halt stands before the late entry is accepted");
  execution.signal("SIGCONT");
  const course = await followPanic(stage, {
    ...{ atMs, what: "panic, 100 intents queued", flatWithinMs: FLAT_WITHIN_MS, completionWithinMs: 20_000 },
  });
  await waitFor("every intent has its result", async () => (await results(stage)).length > QUEUED, {
    timeoutMs: 15_000,
    everyMs: 50,
  });
  await waitFor("no stop is left behind", async () => (await stage.venue.stops()).length === 0, {
    timeoutMs: 10_000,
    everyMs: 50,
  });
  const flatMs = await seeFlat(stage, 2000);
  const outcomes = await results(stage);
  const denied = outcomes.filter((one) => queued.has(one.intent_id));
  must(denied.length === QUEUED, `${denied.length} results of ${QUEUED} intents`);
  const wrong = denied.find((one) => one.status !== "denied" || one.reason !== "TRADING_HALTED");
  must(wrong === undefined, `an intent of the queue ended ${wrong?.status} ${wrong?.reason}`);
  const late = outcomes.filter((one) => one.intent_id === lateId);
  must(late.length === 1 && late[0]?.status === "filled", `the late entry ended ${late[0]?.status}`);
  const entries = (await stage.venue.orders()).filter((one) => !one.reduceOnly && one.time >= sentMs - 1000);
  const onEth = entries.filter((one) => one.symbol === "ETHUSDT");
  must(onEth.length === 1, `one entry reached the venue, not ${onEth.length}`);
  const timeline: Timeline = [
    [sentMs, "an entry is in flight"],
    [onEth[0]?.time ?? sentMs, "the venue accepts it"],
    ...course.timeline,
    [flatMs, "still flat, all 100 denied, no stop left"],
  ];
  return timeline.toSorted(([a], [b]) => a - b);
}

/** Rows 15 and 16: what stands between an exit, or an entry, and the venue. */
export const EXECUTION_SCENARIOS: readonly Scenario[] = [
  ...[NO_EXECUTION, READ_ONLY].map((obstacle, at) => ({
    ...{ row: 15, part: "ab"[at] ?? "", title: `${obstacle.what} when an exit is due`, quick: false },
    run: exitCannotGo(obstacle),
  })),
  {
    ...{ row: 15, part: "c", title: "Redis is out of memory when an exit is due", quick: false },
    run: exitGoesWithoutMemory,
  },
  {
    ...{ row: 16, title: "an entry in flight and 100 intents queued at the halt", quick: false },
    run: entryInFlight,
  },
];
