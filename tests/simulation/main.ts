import { parseArgs } from "node:util";
import { changeSources } from "./runner/source-changes.ts";

const { values } = parseArgs({
  options: {
    seed: { type: "string" },
    seeds: { type: "string" },
    from: { type: "string", default: "1" },
    steps: { type: "string", default: "2500" },
    trace: { type: "boolean", default: false },
  },
});
changeSources([]);
const { makeTimeVirtual } = await import("./engine/virtual-globals.ts");
const { startTimedRedis } = await import("./redis/timed-redis.ts");
const { runSeed } = await import("./world/run-seed.ts");
const redis = await startTimedRedis();
const realNow = performance.now.bind(performance);
makeTimeVirtual();
const from = values.seed === undefined ? Number(values.from) : Number(values.seed);
const count = values.seed === undefined ? Number(values.seeds ?? 1) : 1;
const began = realNow();
process.on("unhandledRejection", (e) => process.stderr.write(`UNHANDLED ${String(e)}\n`));
for (let seed = from; seed < from + count; seed += 1) {
  const result = await runSeed({ seed, steps: Number(values.steps), redis });
  const { finding } = result;
  process.stdout.write(
    `${seed} steps=${result.steps} virtual=${Math.round(result.virtualMs)} orders=${result.executedOrders} intents=${result.intents} ${result.hash} ${finding === undefined ? "ok" : `FOUND ${finding.invariant}: ${finding.what}`}\n`,
  );
  if (values.trace) process.stdout.write(`${result.lines.join("\n")}\n`);
}
process.stdout.write(`${Math.round(realNow() - began)} ms\n`);
await redis.stop();
process.exit(0);
