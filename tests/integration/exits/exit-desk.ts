import { Registry } from "prom-client";
import { z } from "zod";
import { type Heartbeat, heartbeatSchema } from "../../../lib/contract/heartbeat.ts";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import { decodeIntent, type TradeIntent } from "../../../lib/contract/trade-intent.ts";
import { type Clock, systemClock } from "../../../lib/daemon/clock.ts";
import { readConfiguration } from "../../../lib/daemon/configuration.ts";
import type { DaemonParts } from "../../../lib/daemon/daemon-spec.ts";
import { createBinanceExchange } from "../../../lib/exchange/binance-exchange.ts";
import { createMarkPrices } from "../../../lib/exchange/mark-prices.ts";
import { createUserStream } from "../../../lib/exchange/user-stream.ts";
import { createExitBrain } from "../../../lib/exits/create-exit-brain.ts";
import { exitBrainSettingFaults, exitBrainSettings } from "../../../lib/exits/settings.ts";
import { ensureLibrary } from "../../../lib/kernel/library.ts";
import type { PaperExchangeChanges } from "../../../lib/paper/start-paper-exchange.ts";
import { connectRedis } from "../../../lib/redis/connection.ts";
import { connectRedisOver } from "../../../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../../../lib/redis/plain-wire.ts";
import { listReply, type RedisReply, recordReply } from "../../../lib/redis/reply.ts";
import { type PaperFixture, startPaper } from "../../support/paper-exchange.ts";
import { type KeptLog, keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

const viewSchema = z.object({
  positions: z.array(
    z.looseObject({
      symbol: z.string(),
      position_side: z.string(),
      decision: z.string(),
      plan: z.looseObject({ stop_loss: z.string(), mark_extreme: z.string().nullable() }).nullable(),
      exit: z.looseObject({ rule: z.string(), n: z.number(), handover: z.string() }).nullable(),
      protective_stop: z.object({ state: z.string(), trigger_price: z.string().nullable() }),
    }),
  ),
});
const cyclesSchema = z.object({
  cycles: z.array(
    z.object({
      status: z.string(),
      degraded: z.array(z.string()),
      positions: z.number(),
      cycleMs: z.number(),
    }),
  ),
});
const stateSchema = z.object({
  positions: z.array(
    z.looseObject({ symbol: z.string(), positionSide: z.string(), positionAmt: z.string() }),
  ),
});
const algosSchema = z.object({
  algoOrders: z.array(
    z.looseObject({
      symbol: z.string(),
      clientAlgoId: z.string(),
      algoStatus: z.string(),
      side: z.string(),
      triggerPrice: z.string(),
    }),
  ),
});

/** The exit brain in this process. */
export interface Brain extends AsyncDisposable {
  readonly log: KeptLog;
  /** Completed cycles, as the service manager is told. */
  beats(): number;
  ready(): boolean;
  positions(): Promise<z.infer<typeof viewSchema>["positions"]>;
  cycles(): Promise<z.infer<typeof cyclesSchema>["cycles"]>;
  /** What the last cycle was degraded by. */
  degraded(): Promise<readonly string[]>;
  metrics(): Promise<string>;
  /** It hangs: nobody waits for its end. */
  abandon(): void;
  /** SIGTERM, and the end. */
  stop(): Promise<void>;
  /** How the loop ended when nobody asked it to. */
  readonly ended: Promise<unknown>;
  /** What it says on /readyz of a dependency. */
  detail(name: string): string | undefined;
  /** Lines of errors, without what a busy machine alone may cause: see `degraded` for that. */
  alarms(): readonly string[];
}

export interface ExitDesk extends AsyncDisposable {
  readonly paper: PaperFixture;
  readonly server: RedisServer;
  readonly keys: Keys;
  redis(...command: string[]): Promise<RedisReply>;
  start(environment?: Readonly<Record<string, string>>): Promise<Brain>;
  /** Without waiting for readiness; `clock` is the machine's unless a test has another. */
  launch(environment?: Readonly<Record<string, string>>, clock?: Clock): Brain;
  order(change: Readonly<Record<string, string>>): Promise<void>;
  /** Signed amounts at the venue by symbol, in hedge mode by symbol and side. */
  amounts(): Promise<Readonly<Record<string, number>>>;
  /** Stops that rest at the venue. */
  stops(): Promise<z.infer<typeof algosSchema>["algoOrders"]>;
  exits(): Promise<readonly TradeIntent[]>;
  heartbeats(): Promise<readonly Heartbeat[]>;
  plan(key: string): Promise<Record<string, string>>;
}

/** A real Redis and a paper exchange whose prices stand still. */
export async function openExitDesk(changes: PaperExchangeChanges = {}): Promise<ExitDesk> {
  const server = await startRedisServer();
  const paper = await startPaper(changes);
  const keys = keysOf("");
  const eye = connectRedis({
    ...{ url: server.url, name: "eye", deadlineMs: 20_000 },
    ...{ clock: systemClock, random: Math.random, log: keptLog() },
  });
  await eye.whenReady();
  const redis = (...command: string[]) => eye.command(command);
  const started: Brain[] = [];
  const entries = async (stream: string) =>
    listReply(await redis("XRANGE", stream, "-", "+")).map((entry) => recordReply(listReply(entry)[1]));
  await paper.setPrice("ETHUSDT", "3000");
  await paper.setPrice("BTCUSDT", "60000");
  const launch: ExitDesk["launch"] = (environment = {}, clock = systemClock) => {
    const brain = launchBrain({ server, paper, environment, clock });
    started.push(brain);
    return brain;
  };
  return {
    ...{ paper, server, keys, redis, launch },
    start: async (environment) => {
      const brain = launch(environment);
      await waitUntil("the exit brain is ready", () => brain.ready() && brain.beats() > 0);
      return brain;
    },
    order: async (change) => {
      const reply = await paper.call("POST", "/fapi/v1/order", { type: "MARKET", ...change });
      if (reply.status !== 200) throw new Error(JSON.stringify(reply.body));
    },
    amounts: async () => {
      const { positions } = stateSchema.parse(await paper.read("state"));
      const nameOf = (one: { symbol: string; positionSide: string }) =>
        one.positionSide === "BOTH" ? one.symbol : `${one.symbol}:${one.positionSide}`;
      return Object.fromEntries(positions.map((one) => [nameOf(one), Number(one.positionAmt)]));
    },
    // Not by the venue's API: asking there would use up the account's request weight.
    stops: async () =>
      algosSchema.parse(await paper.read("state")).algoOrders.filter((one) => one.algoStatus === "NEW"),
    exits: async () =>
      (await entries(keys.exitIntentStream)).map((fields) => {
        const decoded = decodeIntent(fields);
        if (decoded.kind !== "intent") throw new Error(decoded.reason);
        return decoded.intent;
      }),
    heartbeats: async () => (await entries(keys.heartbeatStream)).map((one) => heartbeatSchema.parse(one)),
    plan: async (key) => recordReply(await redis("HGETALL", `${keys.positionPlanPrefix}${key}`)),
    [Symbol.asyncDispose]: async () => {
      server.resume();
      for (const brain of started) await brain[Symbol.asyncDispose]();
      await eye.close();
      await paper[Symbol.asyncDispose]();
      await server[Symbol.asyncDispose]();
    },
  };
}

/** A machine that others keep busy makes cycles slow and readings old, and nothing is wrong. */
function isOfTheMachine(fields: object): boolean {
  return !JSON.stringify(fields).includes("EXIT_UNCONFIRMED");
}

/** As cmd/exit-brain.ts puts it together. */
function launchBrain(outside: {
  readonly server: RedisServer;
  readonly paper: PaperFixture;
  readonly environment: Readonly<Record<string, string>>;
  readonly clock: Clock;
}): Brain {
  const { server, paper, clock } = outside;
  const environment = { TRADING_MODE: "PAPER", REDIS_URL: server.url, ...outside.environment };
  const spec = { role: "exit-brain", settings: exitBrainSettings, check: exitBrainSettingFaults } as const;
  const settings = readConfiguration({ spec, environment, hostname: "test" });
  const log = keptLog();
  const common = { clock, random: Math.random, log };
  const mode = settings.TRADING_MODE;
  const openSocket = (address: string) => new WebSocket(address);
  const exchange = createBinanceExchange({
    ...{ mode, restUrl: paper.url, apiKey: "paper", apiSecret: "paper", fetch, clock: systemClock, log },
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    exitReservePct: settings.EXIT_RESERVE_PCT,
  });
  const registry = new Registry();
  let beats = 0;
  const connection = { url: server.url, deadlineMs: 1500, ...common };
  const parts: DaemonParts = createExitBrain(
    {
      ...{ role: "exit-brain", settings, registry, instance: "test", stateDir: "/nonexistent", ...common },
      bootId: crypto.randomUUID(),
      build: { version: "0", git: "test" },
      beat: () => {
        beats += 1;
      },
    },
    {
      redis: connectRedisOver(openPlainWire, { ...connection, name: "exit-brain" }),
      planRedis: connectRedisOver(openPlainWire, {
        ...{ ...connection, name: "exit-brain-plans", onConnected: ensureLibrary },
      }),
      exchange,
      marks: (symbols) =>
        createMarkPrices({ mode, wsUrl: paper.wsUrl, ...common, exchange, symbols, openSocket }),
      userStream: (onEvent) =>
        createUserStream({ mode, wsUrl: paper.wsUrl, ...common, exchange, openSocket, onEvent }),
    },
  );
  const stopping = new AbortController();
  const running = parts.run(stopping.signal);
  const ended = running.then(
    () => undefined,
    (error: unknown) => error,
  );
  const ask = async (path: string): Promise<unknown> => (await parts.routes?.request(path))?.json();
  const cycles = async () => cyclesSchema.parse(await ask("/cycles")).cycles;
  let stopped = false;
  const stop = async () => {
    if (stopped) return;
    stopped = true;
    stopping.abort();
    await ended;
    await parts.close?.();
  };
  return {
    ...{ log, ended, stop, cycles },
    abandon: () => {
      stopped = true;
      stopping.abort();
      void parts.close?.();
    },
    beats: () => beats,
    ready: () => parts.dependencies().every(({ ok }) => ok),
    positions: async () => viewSchema.parse(await ask("/positions")).positions,
    degraded: async () => (await cycles()).at(-1)?.degraded ?? [],
    metrics: () => registry.metrics(),
    detail: (name) => parts.dependencies().find((one) => one.name === name)?.detail,
    alarms: () =>
      log.lines
        .filter(({ level }) => level === "error")
        .filter(({ message, fields }) => message !== "DEGRADED" || !isOfTheMachine(fields))
        .map(({ message }) => message),
    [Symbol.asyncDispose]: stop,
  };
}
