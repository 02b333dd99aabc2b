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
import type { ChildProcess } from "../stack/child-process.ts";
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
import { Course, InterruptedError } from "./course.ts";
import { monitoringLines, startMonitoring } from "./monitoring.ts";
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
  const course = new Course();
  try {
    const { ok, stack, chain } = await course.work(() => demonstrate(course, { options, binaries, folder }));
    if (options.keep) await keepRunning(stack, chain, course);
    return ok ? 0 : 1;
  } finally {
    await course.end();
    rmSync(folder, { recursive: true, force: true });
    print("all processes of the demonstration have ended");
  }
}

interface Shown {
  readonly ok: boolean;
  readonly stack: TradingStack;
  readonly chain: EmergencyChain | undefined;
}

/** Everything until there is nothing more to show. Throws when it cannot be shown. */
async function demonstrate(
  course: Course,
  where: { readonly options: DemoOptions; readonly binaries: string; readonly folder: string },
): Promise<Shown> {
  const { options, binaries } = where;
  const stack = await startStack(course, where);
  let ok = await trade(stack, options, course);
  let chain: EmergencyChain | undefined;
  if (options.chaos || options.monitor) {
    print("\nthe emergency chain joins:");
    chain = await course.start((signal) =>
      startEmergencyChain(stack, { binaries, onStarted: printReady, signal }),
    );
  }
  if (options.chaos && chain !== undefined) {
    ok = (await breakTheGuard({ stack, chain, seed: options.seed, print })) && ok;
    // As its service manager does: without it a cleared halt would soon be the next panic.
    if (options.keep) await chain.daemons["exit-brain"].start();
  }
  if (options.monitor) {
    const { prometheusPort: port, hurry } = options;
    const monitoring = await course.start(() => startMonitoring(stack, chain, { binaries, port, hurry }));
    print(`\nmonitoring:\n${monitoringLines(monitoring, hurry)}`);
  }
  return { ok, stack, chain };
}

async function startStack(
  course: Course,
  where: { readonly options: DemoOptions; readonly binaries: string; readonly folder: string },
): Promise<TradingStack> {
  const { options, binaries, folder } = where;
  const limits = raisedLimits();
  const printed = { ...limits, ...raisedVenueLimits() };
  print(
    `\nlimits raised for the speed of the demonstration:\n${Object.entries(printed)
      .map(([name, value]) => `  ${name}=${value}`)
      .join("\n")}\n`,
  );
  const env = {
    "paper-exchange": await venueEnvironment(options),
    "ai-strategy-router": limits,
    execution: limits,
  };
  const onStarted = (name: string, child: ChildProcess) => {
    course.needs(child);
    printReady(name);
  };
  return await course.start((signal) =>
    startTradingStack({ folder, appendfsync: "everysec", binaries, env, onStarted, signal }),
  );
}

async function trade(stack: TradingStack, options: DemoOptions, course: Course): Promise<boolean> {
  const eye = await stack.redis.eye();
  course.defer(eye.close);
  await arm(stack);
  const fed = await feed(stack, eye, options, course.interrupted);
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
  while (performance.now() - beganAt < options.seconds * 1000) {
    interrupted.throwIfAborted();
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
  course: Course,
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
  await course.untilSignalled();
}

/** What went wrong, and what made it go wrong, without the insides of our programs. */
function plainWords(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  return error.cause === undefined ? error.message : `${error.message}: ${plainWords(error.cause)}`;
}

async function run(): Promise<number> {
  try {
    return await main();
  } catch (error) {
    process.stderr.write(`${plainWords(error)}\n`);
    if (error instanceof InterruptedError) return error.exitCode;
    return error instanceof UsageError ? 64 : 1;
  }
}

const exitCode = await run();
// Work that was cut short may still wait for something; what was printed goes out first.
process.stdout.write("", () => process.exit(exitCode));
