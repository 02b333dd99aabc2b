/**
 * `./scripts/demo`: decisions in, orders out, and the proof that everything adds up. Everything runs as the
 * compiled binaries; this program only starts them, plays the AI engine and looks at both ends.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { GROUPS } from "../../lib/contract/groups.ts";
import { keysOf } from "../../lib/contract/keys.ts";
import { atRest } from "../stack/at-rest.ts";
import { DecisionMaker } from "../stack/decision-maker.ts";
import { CHAIN_ROLES, type EmergencyChain, startEmergencyChain } from "../stack/emergency-chain.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import { readCounters, readPipeline } from "../stack/read-pipeline.ts";
import { readPrices } from "../stack/read-prices.ts";
import { reconcile } from "../stack/reconcile.ts";
import type { RedisEye } from "../stack/redis-process.ts";
import { seededRandom } from "../stack/seeded-random.ts";
import { startTradingStack, type TradingStack } from "../stack/trading-stack.ts";
import { breakTheGuard } from "./chaos.ts";
import { type Monitoring, monitoringLines, startMonitoring } from "./monitoring.ts";
import { type DemoOptions, readOptions, UsageError } from "./options.ts";
import { ProgressBlock } from "./progress.ts";
import { buildReport, paperAccountSchema, renderReport } from "./report.ts";
import { raisedLimits, raisedVenueLimits, venueEnvironment } from "./stack-environment.ts";

const ROOT = join(import.meta.dir, "..", "..");
const keys = keysOf("");
const print = (text: string) => process.stdout.write(`${text}\n`);
const printReady = (name: string) => print(`  ${name} is ready`);

/** Builds what the demonstration needs, or takes what is given; the folder with the binaries. */
async function build(options: DemoOptions): Promise<string> {
  if (options.binaries !== undefined) return options.binaries;
  print("building the binaries …");
  const trading = ["paper-exchange", "ai-strategy-router", "execution"];
  const roles = [
    ...trading,
    ...(options.chaos || options.monitor ? CHAIN_ROLES : []),
    ...(options.monitor ? ["safety-telemetry"] : []),
  ];
  const child = Bun.spawn(["bun", "scripts/build.ts", ...roles], {
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("the build failed");
  return join(ROOT, "dist");
}

async function main(): Promise<number> {
  const options = readOptions(Bun.argv.slice(2));
  if (options === undefined) return 0;
  const binaries = await build(options);
  const folder = mkdtempSync(join(tmpdir(), "quantum-demo-"));
  const limits = raisedLimits();
  const printed = { ...limits, ...raisedVenueLimits() };
  print(
    `\nlimits raised for the speed of the demonstration:\n${Object.entries(printed)
      .map(([name, value]) => `  ${name}=${value}`)
      .join("\n")}\n`,
  );
  const stack = await startTradingStack({
    folder,
    appendfsync: "everysec",
    binaries,
    env: {
      "paper-exchange": await venueEnvironment(options),
      "ai-strategy-router": limits,
      execution: limits,
    },
    onStarted: printReady,
  });
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  process.once("SIGTERM", () => interrupted.abort());
  let chain: EmergencyChain | undefined;
  let monitoring: Monitoring | undefined;
  try {
    let ok = await trade(stack, options, interrupted.signal);
    if ((options.chaos || options.monitor) && !interrupted.signal.aborted) {
      print("\nthe emergency chain joins:");
      chain = await startEmergencyChain(stack, { binaries, onStarted: printReady });
    }
    if (options.chaos && chain !== undefined) {
      ok = (await breakTheGuard({ stack, chain, seed: options.seed, print })) && ok;
    }
    if (options.keep) {
      // As its service manager does: without it a cleared halt would soon be the next panic.
      if (options.chaos) await chain?.daemons["exit-brain"].start();
      if (options.monitor) {
        const { prometheusPort: port, hurry } = options;
        monitoring = await startMonitoring(stack, chain, { binaries, port, hurry });
        print(`\nmonitoring:\n${monitoringLines(monitoring, hurry)}`);
      }
      await keepRunning(stack, chain, interrupted.signal);
    }
    return ok ? 0 : 1;
  } finally {
    await monitoring?.stop();
    await chain?.stop();
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
    print("all processes of the demonstration have ended");
  }
}

async function trade(stack: TradingStack, options: DemoOptions, interrupted: AbortSignal): Promise<boolean> {
  const eye = await stack.redis.eye();
  await arm(stack);
  const fed = await feed(stack, eye, options, interrupted);
  print("waiting for the last result …");
  await atRest(eye, keys, 60_000);
  const venue = stack.daemons["paper-exchange"].url;
  const record = await readPipeline(eye, keys, venue);
  const account = paperAccountSchema.parse(await fetchJson(`${venue}/paper/state`));
  const router = await readCounters(eye, `${keys.statsPrefix}ai-strategy-router`);
  const { rows, problems } = buildReport({ fed, router, record, reconciled: reconcile(record), account });
  print(`\n${renderReport(rows)}\n`);
  for (const problem of problems) print(`DOES NOT ADD UP  ${problem}`);
  if (problems.length === 0) {
    print(
      "proved: orders = distinct admitted, ungated intents; results = intents consumed; nothing else happened",
    );
  }
  eye.close();
  return problems.length === 0;
}

/** As an operator does it: through the router's admin endpoint, with a token and a name. */
async function arm(stack: TradingStack): Promise<void> {
  await fetchJson(`${stack.daemons["ai-strategy-router"].url}/v1/kill`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${stack.adminToken}`,
      "content-type": "application/json",
      "x-operator": "demo",
    },
    body: JSON.stringify({ engaged: false }),
  });
  print("  trading is armed\n");
}

async function feed(
  stack: TradingStack,
  eye: RedisEye,
  options: DemoOptions,
  interrupted: AbortSignal,
): Promise<number> {
  const maker = new DecisionMaker(seededRandom(options.seed), `demo-${options.seed}`);
  const bar = new ProgressBlock(process.stdout.isTTY === true);
  const venue = stack.daemons["paper-exchange"].url;
  const beganAt = performance.now();
  let fed = 0;
  let prices = await readPrices(venue);
  while (performance.now() - beganAt < options.seconds * 1000 && !interrupted.aborted) {
    const due = Math.floor(((performance.now() - beganAt) / 1000) * options.rate);
    if (fed < due) prices = await readPrices(venue);
    for (; fed < due; fed += 1) {
      await eye.command("XADD", keys.decisionStream, "*", ...maker.next(prices, Date.now()).fields);
    }
    await showProgress({
      bar,
      eye,
      fed,
      part: (performance.now() - beganAt) / (options.seconds * 1000),
      prices,
    });
    await Bun.sleep(100);
  }
  return fed;
}

async function showProgress(now: {
  readonly bar: ProgressBlock;
  readonly eye: RedisEye;
  readonly fed: number;
  readonly part: number;
  readonly prices: ReadonlyMap<string, string>;
}): Promise<void> {
  const router = await readCounters(now.eye, `${keys.statsPrefix}ai-strategy-router`);
  const execution = await readCounters(now.eye, `${keys.statsPrefix}execution`);
  const outcomes = new Map<string, number>();
  for (const [field, count] of [...router].sort()) {
    if (field.startsWith("denied:")) outcomes.set(field.replace("denied:", "refused "), count);
  }
  for (const [field, count] of [...execution].sort()) {
    if (field.startsWith("outcome:")) outcomes.set(field.replace("outcome:", "intent "), count);
  }
  const summary = `decisions ${now.fed}  BTCUSDT ${Number(now.prices.get("BTCUSDT") ?? 0).toFixed(1)}`;
  now.bar.show({ part: now.part, summary, outcomes }, performance.now());
}

async function keepRunning(
  stack: TradingStack,
  chain: EmergencyChain | undefined,
  interrupted: AbortSignal,
): Promise<void> {
  const { daemons, adminToken, redis } = stack;
  const router = daemons["ai-strategy-router"].url;
  const execution = daemons.execution.url;
  print(`
everything keeps running; press Ctrl-C to end it. Try:
  curl -s ${router}/readyz
  curl -s ${router}/v1/rates
  curl -s ${router}/v1/governor
  curl -s ${router}/v1/faults
  curl -s -X PUT ${router}/v1/safe-mode -H 'Authorization: Bearer ${adminToken}' -H 'X-Operator: me' -H 'Content-Type: application/json' -d '{"ttl_sec": 180}'
  curl -s -X DELETE ${router}/v1/safe-mode -H 'Authorization: Bearer ${adminToken}' -H 'X-Operator: me' -H 'Content-Type: application/json'
  curl -s ${execution}/v1/stats
  curl -s '${execution}/v1/results?count=5'
  curl -s ${execution}/v1/orders/in-doubt
  curl -s ${execution}/metrics
  curl -s ${daemons["paper-exchange"].url}/paper/state
  redis-cli -s ${redis.socketPath} XINFO GROUPS ${keys.intentStream}   # group ${GROUPS.executionIntents}`);
  if (chain !== undefined) {
    const worker = chain.daemons["emergency-exit-worker"].url;
    print(`  curl -s ${worker}/v1/halt
  curl -s -X DELETE ${worker}/v1/halt -H 'Authorization: Bearer ${adminToken}' -H 'X-Operator: me' -H 'Content-Type: application/json' -d '{"why": "looked at it"}'`);
  }
  await new Promise<void>((resolve) => {
    if (interrupted.aborted) resolve();
    interrupted.addEventListener("abort", () => resolve());
  });
}

async function run(): Promise<void> {
  try {
    process.exitCode = await main();
  } catch (error) {
    const text = error instanceof UsageError ? error.message : Bun.inspect(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = error instanceof UsageError ? 64 : 1;
  }
}

await run();
