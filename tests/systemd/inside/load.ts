/**
 * The AI engine of the booted machine: `bun load.ts RUN DECISIONS_A_SECOND` publishes entries as the Redis user
 * ai-engine until /run/enough is there, and writes one line a decision that Redis took to /run/published.
 */
import { appendFileSync, existsSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { keysOf } from "../../../lib/contract/keys.ts";
import { DecisionMaker } from "../../../scripts/stack/decision-maker.ts";
import { readPrices } from "../../../scripts/stack/read-prices.ts";
import { seededRandom } from "../../../scripts/stack/seeded-random.ts";
import { redisEyeOf } from "./redis-eye.ts";

const VENUE = "http://127.0.0.1:8099";

async function main(run: string, perSecond: number): Promise<void> {
  const keys = keysOf("");
  const maker = new DecisionMaker(seededRandom(5), run, [["entry", 1]]);
  const eye = await redisEyeOf("ai-engine");
  let prices = await readPrices(VENUE);
  for (let made = 0; !existsSync("/run/enough"); made += 1) {
    // An engine that cannot see the prices for a moment goes on with the last ones.
    if (made % perSecond === 0) prices = await readPrices(VENUE).catch(() => prices);
    const { fields } = maker.next(prices, Date.now());
    await eye.command("XADD", keys.decisionStream, "*", ...fields);
    appendFileSync("/run/published", `${fields.at(-1)}\n`);
    await sleep(1000 / perSecond);
  }
  eye.close();
}

await main(process.argv[2] ?? "load", Number(process.argv[3] ?? 10));
