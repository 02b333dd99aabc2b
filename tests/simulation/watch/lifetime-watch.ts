import type { Keys } from "../../../lib/contract/keys.ts";
import { LIFETIMES_SEC } from "../../../lib/contract/lifetimes.ts";
import type { RedisNetwork } from "../redis/redis-network.ts";
import type { Findings } from "./findings.ts";

/** Every key with what is left of its life, ms; −1 where it has no end. Sorted: the server's order is nobody's promise. */
const LIVES = `
  local names, lives = redis.call('KEYS', '*'), {}
  table.sort(names)
  for at, name in ipairs(names) do
    lives[2 * at - 1], lives[2 * at] = name, redis.call('PTTL', name)
  end
  return lives`;

const UNSETTLED: ReadonlySet<string> = new Set(["RECEIVED", "SUBMITTING", "UNKNOWN"]);

/** What stands between the parts of the name by which a message is remembered. */
const MESSAGE_PARTS = "||";

interface Family {
  readonly prefix: string;
  readonly maxSec: number;
}

/**
 * Invariant 9, when a run has come to rest: a key that was written without its end is there until somebody looks, since
 * nothing else takes it away.
 */
export class LifetimeWatch {
  readonly #redis: Pick<RedisNetwork, "look">;
  readonly #keys: Keys;
  readonly #findings: Findings;
  readonly #families: readonly Family[];

  constructor(parts: {
    readonly redis: Pick<RedisNetwork, "look">;
    readonly keys: Keys;
    readonly findings: Findings;
    readonly windowSec: number;
    readonly holdSec: number;
  }) {
    this.#redis = parts.redis;
    this.#keys = parts.keys;
    this.#findings = parts.findings;
    this.#families = familiesOf(parts.keys, parts);
  }

  atEnd(): void {
    const lives = this.#redis.look("EVAL", LIVES, "0");
    if (!Array.isArray(lives)) return;
    for (let at = 0; at < lives.length; at += 2) this.#judge(String(lives[at]), Number(lives[at + 1]));
  }

  #judge(key: string, leftMs: number): void {
    const maxSec = this.#maxSec(key);
    if (maxSec === undefined) return;
    if (leftMs === -1) this.#findings.report(9, `${key} has no lifetime, it is to have ${maxSec} s`);
    if (leftMs > maxSec * 1000)
      this.#findings.report(9, `${key} lives ${leftMs} ms longer, of ${maxSec} s altogether`);
  }

  #maxSec(key: string): number | undefined {
    const { orderLedgerPrefix, messageDedupPrefix } = this.#keys;
    if (key.startsWith(orderLedgerPrefix)) {
      const state = String(this.#redis.look("HGET", key, "state"));
      return UNSETTLED.has(state) ? undefined : LIFETIMES_SEC.orderLedger;
    }
    if (key.startsWith(messageDedupPrefix) && key.includes(MESSAGE_PARTS)) return LIFETIMES_SEC.messageDedup;
    return this.#families.find(({ prefix }) => key.startsWith(prefix))?.maxSec;
  }
}

/** The expiring keys of the contract. Safe mode is none of them: an operator may set it for good. */
function familiesOf(
  keys: Keys,
  { windowSec, holdSec }: { readonly windowSec: number; readonly holdSec: number },
): readonly Family[] {
  const ofWindow = windowSec + LIFETIMES_SEC.rateSlack;
  const daySec = 86_400;
  const families: readonly (readonly [string, number])[] = [
    [keys.intentDedupPrefix, LIFETIMES_SEC.intentDedup],
    [keys.rateGlobalPrefix, ofWindow],
    [keys.rateSymbolPrefix, ofWindow],
    [keys.rateSymbolsPrefix, 3 * windowSec],
    [keys.windowGlobal, ofWindow],
    [keys.windowSymbolPrefix, ofWindow],
    [keys.safeModeEpisode, daySec],
    [keys.dailyTradesPrefix, daySec + LIFETIMES_SEC.dailySlack],
    [keys.gateTrades, LIFETIMES_SEC.gateTrades],
    [keys.gateLastTradePrefix, holdSec],
    [keys.rolePrefix, LIFETIMES_SEC.roleBeat],
  ];
  return families.map(([prefix, maxSec]) => ({ prefix, maxSec }));
}
