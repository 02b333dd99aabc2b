import { Registry } from "prom-client";
import { keysOf } from "../../lib/contract/keys.ts";
import { systemClock } from "../../lib/daemon/clock.ts";
import { readConfiguration } from "../../lib/daemon/configuration.ts";
import { createBinanceExchange } from "../../lib/exchange/binance-exchange.ts";
import { createMarkPrices } from "../../lib/exchange/mark-prices.ts";
import { createExecution } from "../../lib/execution/create-execution.ts";
import { ModeClaim } from "../../lib/execution/mode-claim.ts";
import { executionSettingFaults, executionSettings } from "../../lib/execution/settings.ts";
import { ensureLibrary } from "../../lib/kernel/library.ts";
import { connectRedisOver } from "../../lib/redis/lasting-connection.ts";
import { openPlainWire } from "../../lib/redis/plain-wire.ts";
import type { RedisEye, RedisProcess } from "../../scripts/stack/redis-process.ts";
import type { PaperFixture } from "./paper-exchange.ts";
import type { PipelineView } from "./pipeline.ts";
import { type KeptLog, keptLog } from "./quiet-log.ts";
import { waitUntil } from "./wait-until.ts";

const LIVE_REST = "https://fapi.binance.com";
const LIVE_STREAM = "wss://fstream.binance.com";

export interface LiveExecution extends PipelineView, AsyncDisposable {
  readonly log: KeptLog;
  /** Every address that was asked for, as the adapter meant it. */
  readonly asked: readonly string[];
  metrics(): Promise<string>;
}

/**
 * The role execution in LIVE, in this process: the adapter believes that it talks to the live hosts, and what it
 * sends arrives at a paper exchange. No other way to see LIVE act is without risk.
 */
export async function startLiveExecution(
  outside: { readonly redis: RedisProcess; readonly eye: RedisEye; readonly venue: PaperFixture },
  env: Readonly<Record<string, string>> & { readonly QUANTUM_NAMESPACE: string },
): Promise<LiveExecution> {
  const { redis: server, eye, venue } = outside;
  const keys = keysOf(env.QUANTUM_NAMESPACE);
  const credentials = { BINANCE_API_KEY: "key", BINANCE_API_SECRET: "secret" };
  const environment = {
    TRADING_MODE: "LIVE",
    REDIS_URL: server.url,
    HALT_FILE: "/nonexistent",
    ...credentials,
    ...env,
  };
  const spec = { role: "execution", settings: executionSettings, check: executionSettingFaults } as const;
  const settings = readConfiguration({ spec, environment, hostname: "live" });
  const log = keptLog();
  const asked: string[] = [];
  const common = { clock: systemClock, random: Math.random, log };
  const redis = connectRedisOver(openPlainWire, {
    ...{ url: server.url, name: "live", ...common, onConnected: ensureLibrary },
  });
  const exchange = createBinanceExchange({
    ...{ mode: settings.TRADING_MODE, clock: systemClock, log, apiKey: "paper", apiSecret: "paper" },
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    exitReservePct: settings.EXIT_RESERVE_PCT,
    fetch: (url, init) => {
      asked.push(url.split("?")[0] ?? "");
      return fetch(url.replace(LIVE_REST, venue.url), init);
    },
  });
  const marks = createMarkPrices({
    ...{ mode: settings.TRADING_MODE, ...common, exchange },
    openSocket: (address) => {
      asked.push(address);
      return new WebSocket(address.replace(LIVE_STREAM, venue.wsUrl));
    },
  });
  const registry = new Registry();
  const made = {
    settings,
    registry,
    instance: "live",
    bootId: crypto.randomUUID(),
    stateDir: "/nonexistent",
  };
  const build = { version: "0", git: "test" };
  const role = { role: "execution", ...made, build, beat: () => undefined, ...common } as const;
  const claim = new ModeClaim({ exchange, keys });
  const redisSinceMs = () => 0;
  const parts = createExecution(role, {
    redis,
    redisSinceMs,
    openWire: openPlainWire,
    exchange,
    marks,
    claim,
  });
  const stopping = new AbortController();
  const running = parts.run(stopping.signal);
  await eye.command("SET", keys.kill, "0");
  await waitUntil("LIVE execution is ready", () => parts.dependencies().every((dependency) => dependency.ok));
  return {
    ...{ log, asked, eye, keys },
    metrics: () => registry.metrics(),
    [Symbol.asyncDispose]: async () => {
      stopping.abort();
      await running;
      await parts.close?.();
    },
  };
}
