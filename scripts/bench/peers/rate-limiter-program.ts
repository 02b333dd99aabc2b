/**
 * A router out of rate-limiter-flexible and plain commands: reads the decision stream, and for each decision asks for
 * the switches, marks the message and the intent as seen, asks two limiters, counts the day, publishes and
 * acknowledges, each step decided on before the next. Not atomic: a crash between two steps loses or doubles.
 *
 *   bun rate-limiter-program.ts SOCKET NAMESPACE IN_FLIGHT
 */
import { Redis } from "ioredis";
import { RateLimiterRedis } from "rate-limiter-flexible";
import { GROUPS } from "../../../lib/contract/groups.ts";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import { LIFETIMES_SEC } from "../../../lib/contract/lifetimes.ts";
import { OPEN_LIMITS } from "../drive/pending-decisions.ts";
import { entryOf } from "./admit-decision.ts";

const CONSUMER = "peer";
const BLOCK_MS = 1000;

interface Peer {
  readonly redis: Redis;
  readonly keys: Keys;
  readonly global: RateLimiterRedis;
  readonly symbol: RateLimiterRedis;
}

async function route(peer: Peer, id: string, flat: readonly string[]): Promise<void> {
  const { redis, keys } = peer;
  const pairs = flat.flatMap((name, at) => (at % 2 === 0 ? [[name, flat[at + 1] ?? ""]] : []));
  const request = entryOf(id, Object.fromEntries(pairs));
  const [kill, safeMode] = await redis.mget(keys.kill, keys.safeMode);
  if (kill !== "0" || safeMode === "1") throw new Error("trading is not armed");
  const message = `${keys.messageDedupPrefix}${request.correlationId}||${request.traceId}||${id}`;
  if ((await redis.set(message, "1", "EX", LIFETIMES_SEC.messageDedup, "NX")) === null) return;
  const intent = `${keys.intentDedupPrefix}${request.intentId}`;
  if ((await redis.set(intent, "1", "EX", LIFETIMES_SEC.intentDedup, "NX")) === null) return;
  await peer.global.consume("all");
  await peer.symbol.consume(request.symbol);
  await redis.incr(`${keys.dailyTradesPrefix}today`);
  await redis.xadd(keys.intentStream, "*", "data", request.document);
  await redis.xack(keys.decisionStream, GROUPS.router, id);
}

async function run(socketPath: string, namespace: string, inFlightMax: number): Promise<void> {
  const keys = keysOf(namespace);
  const reader = new Redis({ path: socketPath });
  const redis = new Redis({ path: socketPath, enableAutoPipelining: true });
  const limiter = (keyPrefix: string, points: number) =>
    new RateLimiterRedis({ storeClient: redis, keyPrefix, points, duration: OPEN_LIMITS.windowSec });
  const peer = {
    ...{ redis, keys },
    global: limiter(`${namespace}:global`, OPEN_LIMITS.globalMax),
    symbol: limiter(`${namespace}:symbol`, OPEN_LIMITS.symbolMax),
  };
  const inFlight = new Set<Promise<void>>();
  process.on("SIGTERM", () => process.exit(0));
  for (;;) {
    if (inFlight.size >= inFlightMax) await Promise.race(inFlight);
    const room = inFlightMax - inFlight.size;
    const reply = await reader.xreadgroup(
      ...(["GROUP", GROUPS.router, CONSUMER, "COUNT", room] as const),
      ...(["BLOCK", BLOCK_MS, "STREAMS", keys.decisionStream, ">"] as const),
    );
    for (const [id, flat] of entriesOf(reply)) {
      const routed = route(peer, id, flat).finally(() => inFlight.delete(routed));
      inFlight.add(routed);
    }
  }
}

function entriesOf(reply: unknown): readonly (readonly [string, readonly string[]])[] {
  const [stream] = Array.isArray(reply) ? reply : [];
  const entries = Array.isArray(stream) && Array.isArray(stream[1]) ? stream[1] : [];
  return entries.map((entry: unknown) => {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    return [String(id), Array.isArray(flat) ? flat.map(String) : []];
  });
}

const [socketPath = "", namespace = "", inFlight = "64"] = process.argv.slice(2);
await run(socketPath, namespace, Number(inFlight));
