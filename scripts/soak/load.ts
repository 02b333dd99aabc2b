import type { Keys } from "../../lib/contract/keys.ts";
import { DecisionMaker } from "../stack/decision-maker.ts";
import { readPrices } from "../stack/read-prices.ts";
import type { RedisEye } from "../stack/redis-process.ts";

/** Decisions that keep coming at their rate, whatever happens meanwhile. */
export interface Load {
  readonly fed: () => number;
  /** Trace ids of decisions that are no JSON, for the dead letters they must become. */
  readonly garbage: ReadonlySet<string>;
  /** So many decisions at once, on top. */
  burst(count: number): void;
  /** Ends it, once Redis has the last one. */
  stop(): Promise<void>;
}

const TICK_MS = 50;

/** Feeds an ordinary day's mix. An append whose fate is unknown is made again, as every at-least-once writer does. */
export function startLoad(options: {
  readonly eye: RedisEye;
  readonly keys: Keys;
  readonly venueUrl: string;
  readonly ratePerSec: number;
  readonly seed: number;
  readonly random: () => number;
}): Load {
  const { eye, keys, venueUrl, random } = options;
  const maker = new DecisionMaker(random, `soak-${options.seed}`);
  const garbage = new Set<string>();
  const beganMs = performance.now();
  let going = true;
  let fed = 0;
  let extra = 0;
  let prices: ReadonlyMap<string, string> = new Map();
  const append = async () => {
    const { fields, meant } = maker.next(prices, Date.now());
    if (meant === "garbage") garbage.add(fields.at(-1) ?? "");
    while (!(await appended(eye, keys.decisionStream, fields))) await Bun.sleep(TICK_MS);
    fed += 1;
  };
  const run = (async () => {
    while (going) {
      const due = Math.floor(((performance.now() - beganMs) / 1000) * options.ratePerSec) + extra - fed;
      if (due > 0) prices = await readPrices(venueUrl).catch(() => prices);
      for (let left = Math.min(due, 1000); left > 0 && prices.size > 0; left -= 1) await append();
      await Bun.sleep(TICK_MS);
    }
  })();
  return {
    garbage,
    fed: () => fed,
    burst: (count) => {
      extra += count;
    },
    stop: async () => {
      going = false;
      await run;
    },
  };
}

async function appended(eye: RedisEye, stream: string, fields: readonly string[]): Promise<boolean> {
  try {
    await eye.command("XADD", stream, "*", ...fields);
    return true;
  } catch {
    return false;
  }
}
