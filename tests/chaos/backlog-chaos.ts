/**
 * Decisions keep coming while nobody executes: the router refuses beyond INTENT_BACKLOG_MAX, nothing that was
 * admitted is trimmed or lost, and what has become too old when execution returns ends as `expired`.
 */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { streamRetentions } from "../../lib/contract/groups.ts";
import { keysOf } from "../../lib/contract/keys.ts";
import { trimStream } from "../../lib/kernel/trim-stream.ts";
import { atRest } from "../../scripts/stack/at-rest.ts";
import { readCounters, readPipeline, readStream } from "../../scripts/stack/read-pipeline.ts";
import { reconcile } from "../../scripts/stack/reconcile.ts";
import type { RedisEye } from "../../scripts/stack/redis-process.ts";
import { startTradingStack } from "../../scripts/stack/trading-stack.ts";
import { waitFor } from "../../scripts/stack/wait-for.ts";
import { WIDE_OPEN } from "../support/pipeline.ts";

export interface BacklogOptions {
  readonly decisions: number;
  readonly backlogMax: number;
  readonly binaries: string;
  readonly say?: (line: string) => void;
}

export interface BacklogOutcome {
  /** The router's counters once every decision had its verdict. */
  readonly verdicts: ReadonlyMap<string, number>;
  readonly admitted: number;
  /** Entries that retention took from the intent stream while nobody had read it. */
  readonly trimmed: number;
  /** Admitted intents whose decision was made so long ago that they must expire. */
  readonly old: number;
  readonly byStatus: ReadonlyMap<string, number>;
  /** Old intents that did not end as `expired`, and fresh ones that did. */
  readonly misjudged: readonly string[];
  readonly problems: readonly string[];
}

const keys = keysOf("");
const AGE_MAX_SEC = 600;
/** How much older than this an old decision is not yet when it is fed, ms. */
const LEFT_TO_LIVE_MS = 12_000;
const ENV = {
  "ai-strategy-router": { ...WIDE_OPEN["ai-strategy-router"], INTENT_MAX_AGE_SEC: String(AGE_MAX_SEC) },
  execution: { ...WIDE_OPEN.execution, INTENT_MAX_AGE_SEC: String(AGE_MAX_SEC) },
  "paper-exchange": WIDE_OPEN["paper-exchange"],
};

const markSchema = z.looseObject({ markPrice: z.string() });

/** Runs it all on the binaries. Throws when the pipeline does not come to rest. */
export async function runBacklog(options: BacklogOptions): Promise<BacklogOutcome> {
  const folder = mkdtempSync(join(tmpdir(), "chaos-backlog-"));
  const env = {
    ...ENV,
    "ai-strategy-router": { ...ENV["ai-strategy-router"], INTENT_BACKLOG_MAX: String(options.backlogMax) },
  };
  const stack = await startTradingStack({ folder, appendfsync: "everysec", binaries: options.binaries, env });
  try {
    const eye = await stack.redis.eye();
    await eye.command("SET", keys.kill, "0");
    await stack.daemons.execution.process().stop();
    options.say?.("execution is stopped");
    const venue = stack.daemons["paper-exchange"].url;
    const mark = await (await fetch(`${venue}/fapi/v1/premiumIndex?symbol=ETHUSDT`)).json();
    const lastOld = await feed(eye, options, Number(markSchema.parse(mark).markPrice));
    const verdicts = await allDecided(eye, options);
    const trimmed = await trimAll(eye);
    const published = await readStream(eye, keys.intentStream);
    options.say?.(`${published.length} admitted, ${trimmed} trimmed; execution returns`);
    await waitFor("the old ones are too old", () => Date.now() > lastOld + AGE_MAX_SEC * 1000, {
      timeoutMs: LEFT_TO_LIVE_MS + 60_000,
    });
    await stack.daemons.execution.start();
    await atRest(eye, keys, 120_000);
    const record = await readPipeline(eye, keys, venue);
    const isOld = new Map(published.map(({ fields }) => oldness(fields["data"] ?? "", lastOld)));
    eye.close();
    const { byStatus, problems } = reconcile(record);
    const misjudged = record.results
      .filter((result) => (result.status === "expired") !== isOld.get(result.intent_id))
      .map((result) => `${result.intent_id} ${result.status} ${result.reason ?? ""}`);
    const old = [...isOld.values()].filter(Boolean).length;
    return { verdicts, admitted: published.length, trimmed, old, byStatus, misjudged, problems };
  } finally {
    await stack.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}

const intentSchema = z.looseObject({ intent_id: z.string(), ts_ms: z.number() });

function oldness(document: string, lastOld: number): readonly [string, boolean] {
  const { intent_id: intentId, ts_ms: decidedAtMs } = intentSchema.parse(JSON.parse(document));
  return [intentId, decidedAtMs <= lastOld];
}

/** Every other decision is nearly too old when it is fed. Returns the newest timestamp among those. */
async function feed(eye: RedisEye, options: BacklogOptions, price: number): Promise<number> {
  let lastOld = 0;
  for (let from = 0; from < options.decisions; from += 100) {
    const nowMs = Date.now();
    lastOld = nowMs - AGE_MAX_SEC * 1000 + LEFT_TO_LIVE_MS;
    const batch = Array.from({ length: Math.min(100, options.decisions - from) }, (_, at) => {
      const decision = decisionAt(price, at % 2 === 0 ? lastOld : nowMs);
      const ids = ["correlation_id", `c${from + at}`, "trace_id", `backlog-${from + at}`];
      return eye.command("XADD", keys.decisionStream, "*", "payload", JSON.stringify(decision), ...ids);
    });
    await Promise.all(batch);
    if (from % 5000 === 0) options.say?.(`${from} of ${options.decisions} decisions fed`);
  }
  return lastOld;
}

function decisionAt(price: number, timestamp: number) {
  const away = (part: number) => Number((price * (1 + part)).toFixed(2));
  const plan = { entry_price: price, stop_loss: away(-0.02), take_profit: away(0.06) };
  const size = { symbol: "ETHUSDT", side: "BUY", position_size_usd: 100, confidence: 0.8, leverage: 5 };
  return { ...size, ...plan, model: "NHiTS", regime: "TREND", timestamp };
}

async function allDecided(eye: RedisEye, options: BacklogOptions): Promise<ReadonlyMap<string, number>> {
  const read = () => readCounters(eye, `${keys.statsPrefix}ai-strategy-router`);
  await waitFor(
    "every decision has its verdict",
    async () => (await read()).get("decisions") === options.decisions,
    {
      timeoutMs: 120_000,
    },
  );
  return read();
}

/** Retention as stream recovery runs it, with nothing to be kept beyond what the groups still need. */
async function trimAll(eye: RedisEye): Promise<number> {
  const caller = {
    command: (args: readonly string[]) => eye.command(...args),
    serverNowMs: () => Date.now(),
    deadlineMs: 10_000,
  };
  const intents = streamRetentions(keys).filter((one) => one.stream === keys.intentStream);
  let trimmed = 0;
  for (const retention of intents) trimmed += await trimStream(caller, { ...retention, entriesKept: 0 });
  return trimmed;
}
