import { z } from "zod";
import { type Keys, keysOf } from "../../lib/contract/keys.ts";
import { DecisionMaker } from "../stack/decision-maker.ts";
import type { EmergencyChain } from "../stack/emergency-chain.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import { readCounters } from "../stack/read-pipeline.ts";
import { readPrices } from "../stack/read-prices.ts";
import type { RedisEye } from "../stack/redis-process.ts";
import { seededRandom } from "../stack/seeded-random.ts";
import type { TradingStack } from "../stack/trading-stack.ts";
import { waitFor } from "../stack/wait-for.ts";
import { livingTimeline } from "./living-timeline.ts";
import { type AccountView, type PanicRecord, readAccount, readPanic } from "./panic-view.ts";

/** Fewer would not show that they are closed side by side. */
const POSITIONS_MIN = 3;
const OPEN_WITHIN_MS = 20_000;
/** The promise: flat within this, whatever failed. */
const FLAT_WITHIN_MS = 15_000;
/** The completion comes once no entry can be in flight any more: the receive window and the clocks' skew. */
const COMPLETION_WITHIN_MS = 15_000;
/** A look takes milliseconds and some stamps are Redis' own: what is older than this has all come in. */
const SETTLED_MS = 300;

export interface ChaosParts {
  readonly stack: TradingStack;
  readonly chain: EmergencyChain;
  readonly seed: number;
  readonly print: (text: string) => void;
}

interface Scene extends ChaosParts {
  readonly eye: RedisEye;
  readonly keys: Keys;
  readonly venueUrl: string;
}

/**
 * Opens positions, kills the exit brain and prints what happens. True when the account ended flat in time with
 * trading halted and the next entry denied. Throws where it could not even begin.
 */
export async function breakTheGuard(parts: ChaosParts): Promise<boolean> {
  const eye = await parts.stack.redis.eye();
  const venueUrl = parts.stack.daemons["paper-exchange"].url;
  const scene: Scene = { ...parts, eye, keys: keysOf(""), venueUrl };
  try {
    await holdPrices(scene);
    await openPositions(scene);
    return await killTheBrain(scene);
  } finally {
    eye.close();
  }
}

/** A market that stands still: what moves now is the account, and no exit rule is at work besides. */
async function holdPrices({ venueUrl }: Scene): Promise<void> {
  for (const [symbol, price] of await readPrices(venueUrl)) {
    await fetchJson(`${venueUrl}/paper/market`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ symbol, price }),
    });
  }
}

/** Entries where nothing is open, the way every entry goes: decision, router, execution, venue. */
async function openPositions(scene: Scene): Promise<void> {
  const { eye, keys, venueUrl, seed, print } = scene;
  const maker = new DecisionMaker(seededRandom(seed), `chaos-${seed}`, [["entry", 1]]);
  const guardedAll = async () => {
    const account = await readAccount(venueUrl);
    if (account.open.length < POSITIONS_MIN) {
      const prices = await readPrices(venueUrl);
      const flat = new Map([...prices].filter(([symbol]) => !account.open.includes(symbol)));
      await eye.command("XADD", keys.decisionStream, "*", ...maker.next(flat, Date.now()).fields);
      return false;
    }
    const { guarded } = await readPanic(eye, keys);
    const settled = guarded === account.open.length && guarded === account.stops;
    return settled && (await isWatching(scene.chain)) && account;
  };
  const account = await waitFor("positions are open, watched and each has its stop", guardedAll, {
    timeoutMs: OPEN_WITHIN_MS,
    everyMs: 500,
  });
  print(`  ${account.open.length} positions: ${account.open.join(", ")}`);
  print(
    `  each has its stop at the venue and is watched by the exit brain, which is watched by the watchdog\n`,
  );
}

const watchSchema = z.looseObject({ state: z.string() });

/** A watchdog that has just started gives the exit brain a grace of its own; it is over with the first heartbeat. */
async function isWatching({ daemons }: EmergencyChain): Promise<boolean> {
  const watch = await fetchJson(`${daemons["exit-brain-watchdog"].url}/v1/watch`);
  return watchSchema.parse(watch).state === "HEALTHY";
}

async function killTheBrain(scene: Scene): Promise<boolean> {
  const { chain, eye, keys, venueUrl, print } = scene;
  const brain = chain.daemons["exit-brain"].process();
  const killedMs = Date.now();
  brain.signal("SIGKILL");
  await brain.exited;
  print("the exit brain is killed (SIGKILL)");
  const timeline = livingTimeline(killedMs, print);
  let flatMs: number | undefined;
  const end = async () => {
    const askedMs = Date.now();
    const [account, record] = await Promise.all([readAccount(venueUrl), readPanic(eye, keys)]);
    showPanic(record, timeline.note);
    if (record.panic !== undefined) showAccount(account, askedMs, timeline.note);
    if (flatMs === undefined && isFlat(account)) flatMs = Date.now();
    timeline.print(askedMs - SETTLED_MS);
    return isFlat(account) && record.completion?.status === "flat" && record;
  };
  const record = await waitFor("flat, and a completion that says so", end, {
    timeoutMs: FLAT_WITHIN_MS + COMPLETION_WITHIN_MS,
    everyMs: 10,
  }).catch((error: Error) => {
    print(`DOES NOT HOLD  ${error.message}`);
    return undefined;
  });
  timeline.print(Number.POSITIVE_INFINITY);
  if (record === undefined) return false;
  const tookMs = (flatMs ?? Number.POSITIVE_INFINITY) - killedMs;
  const denied = await isDenied(scene);
  const problems = [
    ...(tookMs <= FLAT_WITHIN_MS ? [] : [`flat after ${tookMs} ms, promised ${FLAT_WITHIN_MS}`]),
    ...(record.haltedMs === undefined ? ["trading is not halted"] : []),
    ...(denied ? [] : ["an entry after the panic was not denied"]),
  ];
  for (const problem of problems) print(`DOES NOT HOLD  ${problem}`);
  if (problems.length > 0) return false;
  print(
    `\nproved: flat ${(tookMs / 1000).toFixed(1)} s after the kill, trading halted, the next entry denied`,
  );
  return true;
}

const isFlat = (account: AccountView) => account.open.length === 0 && account.resting === 0;

type Show = (atMs: number, what: string) => void;

function showPanic({ lastBeatMs, panic, haltedMs, completion }: PanicRecord, show: Show): void {
  show(lastBeatMs, "last heartbeat of the exit brain");
  if (panic !== undefined) show(panic.atMs, `the watchdog calls a panic: ${panic.reason}`);
  if (haltedMs !== undefined) show(haltedMs, "trading is halted");
  if (completion === undefined) return;
  const { status, positions_closed: closed, positions_total: total, atMs } = completion;
  show(atMs, `the emergency exit worker reports ${status}: ${closed} of ${total} positions closed`);
}

function showAccount(account: AccountView, nowMs: number, show: Show): void {
  if (isFlat(account)) show(nowMs, "the account is flat and no order rests");
  else show(nowMs, `${account.open.length} positions are left`);
  if (isFlat(account) && account.stops === 0) show(nowMs, "the protective stops are gone, too");
}

const deniedField = "denied:TRADING_HALTED";

/** One more entry, as the engine would go on sending them. */
async function isDenied({ eye, keys, venueUrl, seed }: Scene): Promise<boolean> {
  const stats = `${keys.statsPrefix}ai-strategy-router`;
  const maker = new DecisionMaker(seededRandom(seed), `after-${seed}`, [["entry", 1]]);
  const before = (await readCounters(eye, stats)).get(deniedField) ?? 0;
  const prices = await readPrices(venueUrl);
  await eye.command("XADD", keys.decisionStream, "*", ...maker.next(prices, Date.now()).fields);
  const denied = async () => ((await readCounters(eye, stats)).get(deniedField) ?? 0) > before;
  return await waitFor("the entry is denied", denied, { timeoutMs: 5000, everyMs: 50 }).catch(() => false);
}
