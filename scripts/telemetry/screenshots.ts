import { mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { keysOf } from "../../lib/contract/keys.ts";
import { DecisionMaker } from "../stack/decision-maker.ts";
import { startEmergencyChain } from "../stack/emergency-chain.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import { readPrices } from "../stack/read-prices.ts";
import { seededRandom } from "../stack/seeded-random.ts";
import { startTradingStack, type TradingStack } from "../stack/trading-stack.ts";
import { waitFor } from "../stack/wait-for.ts";
import { type BrowserPage, openBrowser } from "./chromium-page.ts";
import { startExporter } from "./exporter-daemon.ts";
import { indexedPng } from "./indexed-png.ts";

const KEYS = keysOf("");
/** Long enough that the small plots have a course. */
const RUN_MS = 240_000;
/** A decision every so often: below every limit of the router. */
const CALM_EVERY_MS = 1100;
const DAY_MS = 86_400_000;

interface Shot {
  readonly name: string;
  readonly width: number;
  readonly height: number;
  readonly theme: "light" | "dark";
}

const NORMAL: readonly Shot[] = [
  { name: "status-normal.png", width: 1120, height: 1240, theme: "light" },
  { name: "status-normal-dark.png", width: 1120, height: 560, theme: "dark" },
];
const SAFE_MODE: readonly Shot[] = [
  { name: "status-safe-mode.png", width: 1120, height: 1240, theme: "light" },
  { name: "status-safe-mode-phone.png", width: 390, height: 844, theme: "dark" },
];

/**
 * Screenshots of the status page in a real Chromium, of a real stack: first trading within its limits, then after
 * an engine ran wild and the breaker tripped. Takes about five minutes. Writes into `folder`.
 */
export async function takeScreenshots(options: {
  readonly folder: string;
  readonly binaries: string;
  readonly say: (line: string) => void;
}): Promise<void> {
  const { binaries, say } = options;
  const folder = mkdtempSync(join(tmpdir(), "quantum-screenshots-"));
  await using ends = new AsyncDisposableStack();
  ends.defer(() => rmSync(folder, { recursive: true, force: true }));
  const gates = { MAX_TRADES_10MIN: "1000", MIN_HOLD_SECONDS: "0" };
  const stack = await startTradingStack({
    ...{ folder, binaries, appendfsync: "everysec", env: { execution: gates } },
    onStarted: (name) => say(`${name} is ready`),
  });
  ends.defer(() => stack.stop());
  await arrange(stack);
  const chain = await startEmergencyChain(stack, { binaries, onStarted: (name) => say(`${name} is ready`) });
  ends.defer(() => chain.stop());
  const exporter = await startExporter(stack, { binaries, sampleSec: 15 });
  ends.defer(() => exporter.stop());
  const page = ends.use(await openBrowser());
  const take = (shots: readonly Shot[], saying: string) =>
    takeAll(page, exporter.url, { shots, saying, ...options });
  const eye = await stack.redis.eye();
  ends.defer(() => eye.close());
  const tripped = async () => (await eye.command("GET", KEYS.safeMode)) === "1";
  say(`trading for ${RUN_MS / 1000} s …`);
  await decide(stack, { everyMs: CALM_EVERY_MS, until: (sinceMs) => sinceMs > RUN_MS });
  if (await tripped()) throw new Error("the breaker tripped while trading was to be calm");
  await take(NORMAL, "Nothing needs attention.");
  say("an engine runs wild …");
  await decide(stack, { everyMs: 50, until: tripped });
  await take(SAFE_MODE, "Entries are denied: SAFE_MODE_ENABLED");
}

/** As an operator leaves it: armed, and drilled not long ago. */
async function arrange(stack: TradingStack): Promise<void> {
  await fetchJson(`${stack.daemons["ai-strategy-router"].url}/v1/kill`, {
    method: "PUT",
    headers: {
      authorization: `Bearer ${stack.adminToken}`,
      "content-type": "application/json",
      "x-operator": "operator",
    },
    body: JSON.stringify({ engaged: false }),
  });
  const eye = await stack.redis.eye();
  await eye.command("HSET", KEYS.drillLast, "ts", String(Date.now() - 12 * DAY_MS));
  eye.close();
}

async function decide(
  stack: TradingStack,
  plan: {
    readonly everyMs: number;
    readonly until: (sinceMs: number) => boolean | Promise<boolean>;
  },
): Promise<void> {
  const maker = new DecisionMaker(seededRandom(7), `shots-${plan.everyMs}`, [
    ["entry", 70],
    ["close", 20],
    ["hold", 10],
  ]);
  const eye = await stack.redis.eye();
  const beganMs = performance.now();
  for (let made = 0; !(await plan.until(performance.now() - beganMs)); made += 1) {
    const prices = [...(await readPrices(stack.daemons["paper-exchange"].url))];
    // One symbol after the other: by chance alone, one would soon be over its own limit.
    const one = new Map(prices.slice(made % prices.length, (made % prices.length) + 1));
    await eye.command("XADD", KEYS.decisionStream, "*", ...maker.next(one, Date.now()).fields);
    await Bun.sleep(plan.everyMs);
  }
  eye.close();
}

async function takeAll(
  page: BrowserPage,
  url: string,
  options: {
    readonly shots: readonly Shot[];
    /** What the page has to say before it is taken. */
    readonly saying: string;
    readonly folder: string;
    readonly say: (line: string) => void;
  },
): Promise<void> {
  mkdirSync(options.folder, { recursive: true });
  for (const { name, width, height, theme } of options.shots) {
    await page.show({ width, height, theme });
    await page.goto(url);
    const shows = `document.body.innerText.includes(${JSON.stringify(options.saying)})`;
    const live = async () => (await page.evaluate(shows)) === true;
    await waitFor(`the page says ${options.saying}`, live, { timeoutMs: 30_000, everyMs: 50 });
    const path = join(options.folder, name);
    writeFileSync(path, indexedPng(await page.screenshot()));
    options.say(`${name} ${width}×${height} ${Math.round(statSync(path).size / 1000)} kB`);
  }
}
