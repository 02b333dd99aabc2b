import { decodeDecision } from "../../../lib/contract/decision.ts";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import type { AdmissionLimits, AdmissionRequest } from "../../../lib/kernel/admit.ts";
import { type DecisionBounds, decideAdmission } from "../../../lib/routing/decide-admission.ts";
import { DecisionMaker } from "../../stack/decision-maker.ts";
import { seededRandom } from "../../stack/seeded-random.ts";
import type { BenchRedis } from "../workbench.ts";
import { encodeCommand } from "./raw-redis.ts";

/** Limits so wide that every decision is admitted: the dearest way through the function. */
export const OPEN_LIMITS: AdmissionLimits = {
  windowSec: 10,
  globalMax: 1_000_000,
  symbolMax: 1_000_000,
  cooldownSec: 300,
  window: "sliding",
  dailyMax: 1_000_000_000,
  backlogMax: 1_000_000,
  routerPid: 1,
};

/** Wide, too. */
export const OPEN_BOUNDS: DecisionBounds = { ageMaxMs: 86_400_000, confidenceMin: 0, leverageMax: 125 };

const PRICES = new Map([
  ["BTCUSDT", "43250.1"],
  ["ETHUSDT", "2287.45"],
  ["SOLUSDT", "98.31"],
  ["BNBUSDT", "312.6"],
  ["XRPUSDT", "0.6213"],
  ["1000PEPEUSDT", "0.0134271"],
]);

const CONSUMER = "bench";
const FILL_IN_FLIGHT = 512;

/**
 * Stream entries as an AI engine writes them, every one different and meant to be admitted; on the symbols of
 * `prices` (symbol → price).
 */
export function makeEntries(
  count: number,
  run: string,
  prices: ReadonlyMap<string, string> = PRICES,
): readonly (readonly string[])[] {
  const maker = new DecisionMaker(seededRandom(1), run, [["entry", 1]]);
  const nowMs = Date.now();
  return Array.from({ length: count }, () => maker.next(prices, nowMs).fields);
}

/** Appends entries to a stream as fast as Redis takes them. */
export async function appendEntries(
  redis: Pick<BenchRedis, "raw">,
  stream: string,
  entries: readonly (readonly string[])[],
): Promise<void> {
  const commands = entries.map((fields) => encodeCommand(["XADD", stream, "*", ...fields]));
  await redis.raw.drive(commands, FILL_IN_FLIGHT);
}

/** Trading armed, the groups there, nothing in the streams. */
export async function preparePipeline(redis: Pick<BenchRedis, "eye">, keys: Keys): Promise<void> {
  await redis.eye.command("SET", keys.kill, "0");
  await redis.eye.command("XGROUP", "CREATE", keys.decisionStream, GROUPS.router, "0", "MKSTREAM");
  await redis.eye.command("XGROUP", "CREATE", keys.intentStream, GROUPS.executionIntents, "0", "MKSTREAM");
}

export interface PendingDecisions {
  readonly keys: Keys;
  /** Read by a consumer of the router's group and not acknowledged, in stream order. */
  readonly requests: readonly AdmissionRequest[];
}

let runs = 0;

/** `count` decisions that were delivered and wait for admission, in an emptied Redis. */
export async function deliverDecisions(redis: BenchRedis, count: number): Promise<PendingDecisions> {
  await redis.flush();
  runs += 1;
  const keys = keysOf("{bench}");
  await preparePipeline(redis, keys);
  return await deliverEntries(redis, keys, makeEntries(count, `run-${runs}`));
}

/** These entries appended and delivered, beside all that is there already. */
export async function deliverEntries(
  redis: BenchRedis,
  keys: Keys,
  entries: readonly (readonly string[])[],
): Promise<PendingDecisions> {
  const count = entries.length;
  await appendEntries(redis, keys.decisionStream, entries);
  const who = ["GROUP", GROUPS.router, CONSUMER, "COUNT", String(count)];
  const reply = await redis.eye.command("XREADGROUP", ...who, "STREAMS", keys.decisionStream, ">");
  const nowMs = Date.now();
  const requests = entriesOf(reply).map(({ id, fields }) =>
    decideAdmission({ entryId: id, fields, decoded: decodeDecision(fields), bounds: OPEN_BOUNDS, nowMs }),
  );
  const unfit = requests.find(({ kind }) => kind !== "entry");
  if (requests.length !== count || unfit !== undefined) {
    throw new Error(`${requests.length} decisions of ${count}, one of them ${unfit?.kind ?? "missing"}`);
  }
  return { keys, requests };
}

function entriesOf(reply: unknown) {
  const [stream] = Array.isArray(reply) ? reply : [];
  const entries = Array.isArray(stream) && Array.isArray(stream[1]) ? stream[1] : [];
  return entries.map((entry: unknown) => {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    const texts = Array.isArray(flat) ? flat.map(String) : [];
    const pairs = texts.flatMap((name, at) => (at % 2 === 0 ? [[name, texts[at + 1] ?? ""]] : []));
    const fields: Readonly<Record<string, string>> = Object.fromEntries(pairs);
    return { id: String(id), fields };
  });
}

/** Throws unless every one of `count` decisions became an intent and was acknowledged. */
export async function assertAllAdmitted(
  redis: Pick<BenchRedis, "eye">,
  keys: Keys,
  count: number,
): Promise<void> {
  const intents = Number(await redis.eye.command("XLEN", keys.intentStream));
  const pending = await redis.eye.command("XPENDING", keys.decisionStream, GROUPS.router);
  const left = Number(Array.isArray(pending) ? pending[0] : Number.NaN);
  if (intents !== count || left !== 0) {
    throw new Error(`of ${count} decisions ${intents} became intents and ${left} are still pending`);
  }
}
