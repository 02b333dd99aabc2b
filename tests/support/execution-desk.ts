import { z } from "zod";
import { decodeResult, type ExecutionResult } from "../../lib/contract/execution-result.ts";
import { GROUPS } from "../../lib/contract/groups.ts";
import type { DenyReason } from "../../lib/contract/reasons.ts";
import { systemClock } from "../../lib/daemon/clock.ts";
import { createBinanceExchange } from "../../lib/exchange/binance-exchange.ts";
import type { EntryRules } from "../../lib/execution/entry-rules.ts";
import type { ExecutionParts } from "../../lib/execution/execution-parts.ts";
import { type Handled, handleIntent, type IntentEntry } from "../../lib/execution/handle-intent.ts";
import { LeverageKeeper } from "../../lib/execution/leverage-keeper.ts";
import { DEFAULT_GATE_LIMITS } from "../../lib/gates/gate-limits.ts";
import type { PaperExchangeChanges } from "../../lib/paper/start-paper-exchange.ts";
import { type KernelServer, startKernelServer } from "./kernel-server.ts";
import { type PaperFixture, startPaper } from "./paper-exchange.ts";
import { keptLog } from "./quiet-log.ts";

/** How long a request and an order may take, ms. */
export interface DeskPace {
  readonly requestTimeoutMs: number;
  readonly recvWindowMs: number;
}

/** So long that a busy machine, which holds up desk and venue alike, never looks like a venue that is silent. */
const PATIENT: DeskPace = { requestTimeoutMs: 20_000, recvWindowMs: 20_000 };

/** For tests in which requests and replies get lost, and have to be waited for: a stall may take half of it. */
export const BRISK: DeskPace = { requestTimeoutMs: 600, recvWindowMs: 1000 };

export interface Desk extends AsyncDisposable {
  readonly paper: PaperFixture;
  readonly server: KernelServer;
  readonly parts: ExecutionParts;
  /** Whether execution believes that the venue refuses its credentials. */
  credentialsRefused(): boolean;
  /** Puts an intent on its stream and reads it, as the lanes do. */
  publish(intent: object, lane?: "entry" | "exit"): Promise<IntentEntry>;
  handle(entry: IntentEntry, lane?: "entry" | "exit"): Promise<Handled>;
  /** Does something while what execution touches is changed: another venue, another owner. */
  withParts<T>(change: Partial<ExecutionParts>, act: () => Promise<T>): Promise<T>;
  /** Redis as at the start: trading armed, streams with their groups and nothing else. */
  emptyRedis(): Promise<void>;
  results(): Promise<readonly ExecutionResult[]>;
  /** Orders that the venue executed, wholly or in part. */
  executed(): Promise<
    readonly { clientOrderId: string; executedQty: string; symbol: string; side: string }[]
  >;
  /** What is open of ETHUSDT at the venue, signed, in base units. */
  position(): Promise<number>;
}

/** Everything allowed but what the six gates ask of a single entry. */
const DESK_RULES: EntryRules = {
  ageMaxMs: 600_000,
  holdMinMs: 0,
  tradesMax: 1000,
  gates: "enforce",
  gateLimits: { ...DEFAULT_GATE_LIMITS, MIN_HOLD_SECONDS: 0, MAX_TRADES_10MIN: 1000 },
  priceCollarPct: "5",
  leverageMax: 20,
  failuresMax: 5,
  planHoldMaxSec: 14_400,
  protectiveStop: "exchange",
};

const OBSERVES_NOTHING: ExecutionParts["observe"] = {
  ended: () => {},
  wouldHold: () => {},
  stop: () => {},
  venueOutcome: () => {},
  orderSent: () => {},
  failed: () => {},
};

const stateSchema = z.object({
  orders: z.array(
    z.looseObject({
      clientOrderId: z.string(),
      executedQty: z.string(),
      symbol: z.string(),
      side: z.string(),
    }),
  ),
  positions: z.array(z.looseObject({ symbol: z.string(), positionAmt: z.string() })),
});

/** The intent that every gate lets pass: ETHUSDT at 3000, R = 3, NHiTS in TREND. */
export function soundIntent(change: object = {}): object {
  const traceId = crypto.randomUUID();
  return {
    intent_id: traceId.replaceAll("-", ""),
    trace_id: traceId,
    correlation_id: "c",
    symbol: "ETHUSDT",
    action: "BUY",
    confidence: 0.9,
    entry_price: "3000",
    quantity: "0.1",
    leverage: 5,
    stop_loss: "2970",
    take_profit: "3090",
    model: "NHiTS",
    regime: "TREND",
    ts_ms: Date.now(),
    ...change,
  };
}

/** The adapter, connected to this paper exchange, with ETHUSDT at 3000. */
async function connectVenue(paper: PaperFixture, pace: DeskPace) {
  const exchange = createBinanceExchange({
    mode: "PAPER",
    restUrl: paper.url,
    apiKey: "paper",
    apiSecret: "paper",
    requestTimeoutMs: pace.requestTimeoutMs,
    exitReservePct: 20,
    fetch,
    clock: systemClock,
    log: keptLog(),
  });
  await paper.setPrice("ETHUSDT", "3000");
  const connected = await exchange.connect();
  if (!connected.ok) throw new Error(connected.outcome.message);
  return exchange;
}

/** Execution's handling in this process, on a real Redis and the paper exchange, one intent at a time. */
export async function openDesk(changes: PaperExchangeChanges = {}, pace: DeskPace = PATIENT): Promise<Desk> {
  const server = await startKernelServer();
  const paper = await startPaper(changes);
  const { client, keys } = server;
  const exchange = await connectVenue(paper, pace);
  const lanes = {
    entry: { stream: keys.intentStream, group: GROUPS.executionIntents },
    exit: { stream: keys.exitIntentStream, group: GROUPS.executionExits },
  };
  const emptyRedis = async () => {
    await client.command(["FLUSHDB"]);
    await client.command(["SET", keys.kill, "0"]);
    for (const { stream, group } of Object.values(lanes)) {
      await client.command(["XGROUP", "CREATE", stream, group, "0", "MKSTREAM"]);
    }
  };
  await emptyRedis();
  const inHand = new Set<string>();
  const leverage = new LeverageKeeper({ exchange, clock: systemClock, inHand });
  let refused = false;
  const parts: ExecutionParts = {
    redis: client,
    keys,
    exchange,
    streams: { canonical: keys.resultStream, legacy: undefined },
    owner: "desk:boot",
    rules: DESK_RULES,
    recvWindowMs: pace.recvWindowMs,
    clock: systemClock,
    log: keptLog(),
    observe: OBSERVES_NOTHING,
    redisSinceMs: () => 0,
    inHand,
    markOf: () => ({ price: "3000", ageMs: 0 }),
    entriesStopped: (): DenyReason | undefined => (refused ? "CREDENTIALS_REFUSED" : undefined),
    leverageStands: (entry) => leverage.stands(entry),
    ensureLeverage: (entry) => leverage.ensure(entry),
    isRedisOutage: () => false,
    credentialsRefused: (now) => {
      refused = now;
    },
  };
  let current = parts;
  return {
    paper,
    server,
    parts,
    emptyRedis,
    withParts: async (change, act) => {
      current = { ...parts, ...change };
      return act().finally(() => {
        current = parts;
      });
    },
    credentialsRefused: () => refused,
    publish: async (intent, lane = "entry") => {
      const { stream, group } = lanes[lane];
      const fields = { data: JSON.stringify(intent) };
      const id = await client.text("XADD", stream, "*", "data", fields.data);
      await client.command(["XREADGROUP", "GROUP", group, "desk", "STREAMS", stream, ">"]);
      return { id, fields };
    },
    handle: (entry, lane = "entry") =>
      handleIntent(current, entry, { ...lanes[lane], signal: new AbortController().signal }),
    results: async () => {
      const reply = await client.command(["XRANGE", keys.resultStream, "-", "+"]);
      return (Array.isArray(reply) ? reply : []).map((entry) => {
        const list: string[] = Array.isArray(entry) && Array.isArray(entry[1]) ? entry[1].map(String) : [];
        return decodeResult({ payload: list[list.indexOf("payload") + 1] ?? "" });
      });
    },
    executed: async () =>
      stateSchema.parse(await paper.read("state")).orders.filter((order) => Number(order.executedQty) > 0),
    position: async () => {
      const { positions } = stateSchema.parse(await paper.read("state"));
      const own = positions.filter(({ symbol }) => symbol === "ETHUSDT");
      return own.reduce((sum, { positionAmt }) => sum + Number(positionAmt), 0);
    },
    async [Symbol.asyncDispose]() {
      await paper[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}
