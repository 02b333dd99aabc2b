import { join } from "node:path";
import { z } from "zod";
import { keysOf } from "../../lib/contract/keys.ts";
import { waitFor } from "../stack/wait-for.ts";

const ROOT = join(import.meta.dir, "..", "..");
const KEYS = keysOf("");
const ALERT = "QuantumSafeModeActive";
const JOB = "quantum_safety_telemetry";
/** More than the demonstration's raised limit of one symbol. */
const DECISIONS = 600;
const SYMBOL = "BTCUSDT";
const READY_WITHIN_MS = 180_000;
const ALERT_WITHIN_MS = 240_000;

const alertsSchema = z.object({
  data: z.object({
    alerts: z.array(z.object({ state: z.string(), labels: z.record(z.string(), z.string()) })),
  }),
});

/** What the demonstration printed. */
interface Demonstration {
  readonly exporter: string;
  readonly prometheus: string;
  readonly router: string;
  readonly token: string;
  readonly socket: string;
}

/**
 * The whole chain, live: the demonstration with its monitoring, an engine that runs wild until the breaker trips,
 * the alert going from pending to firing, and resolved after an operator ended safe mode. Prints each step with its
 * second. Throws when one of them does not come, or with the demonstration's words when it does not start.
 */
export async function rehearseAlert(options: {
  readonly hurry: number;
  /** Folder with the binaries; undefined: the demonstration builds them. */
  readonly binaries: string | undefined;
  readonly say: (line: string) => void;
}): Promise<void> {
  const { hurry, binaries, say } = options;
  const child = Bun.spawn(
    [
      ...["bun", "scripts/demonstration/main.ts", "--seconds", "5", "--rate", "4", "--monitor"],
      ...["--prometheus-port", "0", "--hurry", String(hurry)],
      ...(binaries === undefined ? [] : ["--binaries", binaries]),
    ],
    { cwd: ROOT, stdin: "ignore", stdout: "pipe", stderr: "pipe" },
  );
  const said = { text: "" };
  const reading = Promise.all([keep(child.stdout, said), keep(child.stderr, said)]);
  try {
    const demo = await waitFor(
      "the demonstration runs",
      () => {
        if (child.exitCode !== null) throw new Error(said.text);
        return demonstrationIn(said.text);
      },
      { timeoutMs: READY_WITHIN_MS, everyMs: 100 },
    );
    await watchAlert(demo, say);
  } finally {
    child.kill("SIGINT");
    await child.exited;
    await reading;
  }
}

async function keep(stream: ReadableStream<Uint8Array>, said: { text: string }): Promise<void> {
  const decoder = new TextDecoder();
  for await (const chunk of stream) said.text += decoder.decode(chunk, { stream: true });
}

function demonstrationIn(text: string): Demonstration | undefined {
  const found = {
    exporter: /status page\s+(\S+)\//.exec(text)?.[1],
    prometheus: /prometheus\s+(http\S+)\/alerts/.exec(text)?.[1],
    router: /-X DELETE (\S+)\/v1\/safe-mode/.exec(text)?.[1],
    token: /Bearer ([\w-]+)/.exec(text)?.[1],
    socket: /redis-cli -s (\S+)/.exec(text)?.[1],
  };
  const complete = z.object({
    ...{ exporter: z.string(), prometheus: z.string(), router: z.string() },
    ...{ token: z.string(), socket: z.string() },
  });
  return complete.safeParse(found).data;
}

async function watchAlert(demo: Demonstration, say: (line: string) => void): Promise<void> {
  let beganMs = performance.now();
  const step = (what: string) =>
    say(`${((performance.now() - beganMs) / 1000).toFixed(1).padStart(6)} s  ${what}`);
  const reaches = (state: string) =>
    waitFor(`${ALERT} is ${state}`, async () => (await stateOf(demo)) === state, {
      ...{ timeoutMs: ALERT_WITHIN_MS, everyMs: 200 },
    });
  const scraped = async () => (await count(demo, `up{job="${JOB}"} == 1`)) === 1;
  await waitFor("Prometheus scrapes the exporter", scraped, { timeoutMs: 60_000, everyMs: 200 });
  await reaches("inactive");
  step(
    `target up; ${ALERT} is inactive; ${await count(demo, "{__name__=~'quantum_safety_.+'}")} safety series`,
  );
  beganMs = performance.now();
  await runWild(demo);
  step(`${DECISIONS} decisions on ${SYMBOL} were handed to the router`);
  await waitFor("the exporter shows safe mode", () => metricIsOne(demo), {
    ...{ timeoutMs: 60_000, everyMs: 100 },
  });
  step("the breaker tripped: quantum_safety_safe_mode 1 on /metrics");
  await reaches("pending");
  step(`${ALERT} is pending`);
  await reaches("firing");
  step(`${ALERT} is firing`);
  await endSafeMode(demo);
  step("an operator ended safe mode");
  await reaches("inactive");
  step(`${ALERT} is resolved`);
  const seconds = await value(demo, `quantile_over_time(0.5, scrape_duration_seconds{job="${JOB}"}[5m])`);
  say(`median scrape, as Prometheus measured it: ${(seconds * 1000).toFixed(1)} ms`);
}

async function stateOf({ prometheus }: Demonstration): Promise<string> {
  const { data } = alertsSchema.parse(await (await fetch(`${prometheus}/api/v1/alerts`)).json());
  return data.alerts.find(({ labels }) => labels["alertname"] === ALERT)?.state ?? "inactive";
}

const resultSchema = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});

async function ask({ prometheus }: Demonstration, query: string) {
  const answer = await fetch(`${prometheus}/api/v1/query?query=${encodeURIComponent(query)}`);
  return resultSchema.parse(await answer.json()).data.result;
}

const count = async (demo: Demonstration, query: string) => (await ask(demo, query)).length;

async function value(demo: Demonstration, query: string): Promise<number> {
  const [first] = await ask(demo, query);
  return Number(first?.value[1]);
}

async function metricIsOne({ exporter }: Demonstration): Promise<boolean> {
  return /^quantum_safety_safe_mode 1$/m.test(await (await fetch(`${exporter}/metrics`)).text());
}

/** Decisions as the engine writes them, all on one symbol and all at once. */
async function runWild({ socket }: Demonstration): Promise<void> {
  const now = Date.now();
  const commands = Array.from({ length: DECISIONS }, (_, n) => {
    const decision = {
      ...{ symbol: SYMBOL, side: "BUY", confidence: 0.9, entry_price: "100000", position_size_usd: 100 },
      ...{ leverage: 5, stop_loss: "99000", take_profit: "103000", model: "NHiTS", regime: "TREND" },
      ...{ strategy: "wild", timeframe: "1m", timestamp: now + n },
    };
    const payload = JSON.stringify(decision).replaceAll('"', '\\"');
    return `XADD ${KEYS.decisionStream} * payload "${payload}" correlation_id wild-${n} trace_id wild-${now}-${n}`;
  });
  const child = Bun.spawn(["redis-cli", "-s", socket], {
    stdin: Buffer.from(`${commands.join("\n")}\n`),
    stdout: "ignore",
  });
  if ((await child.exited) !== 0) throw new Error("redis-cli could not write the decisions");
}

async function endSafeMode({ router, token }: Demonstration): Promise<void> {
  const answer = await fetch(`${router}/v1/safe-mode`, {
    method: "DELETE",
    headers: {
      authorization: `Bearer ${token}`,
      "x-operator": "rehearsal",
      "content-type": "application/json",
    },
  });
  if (!answer.ok) throw new Error(`safe mode could not be ended: ${answer.status} ${await answer.text()}`);
}
