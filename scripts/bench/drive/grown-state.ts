import { GROUPS } from "../../../lib/contract/groups.ts";
import { type Keys, keysOf } from "../../../lib/contract/keys.ts";
import type { BenchRedis } from "../workbench.ts";
import { admissionCommands } from "./admission-commands.ts";
import { deliverEntries, makeEntries, preparePipeline } from "./pending-decisions.ts";
import { serverTimeMs } from "./server-time.ts";

/** What a server holds when an admission is timed on it. */
export interface GrownState {
  /** Admitted before: their stream entries, dedup keys and places in the windows. */
  readonly intents: number;
  /** On how many symbols. */
  readonly symbols: number;
  /** Of the intents, how many execution has been handed and has not acknowledged. */
  readonly pending: number;
}

/** As a router admits. */
export const PER_CALL = 32;
const DECISIONS_IN_FLIGHT = 256;
/** Decisions made at a time, so that a million of them needs no gigabyte here. */
const SLICE = 10_000;

let runs = 0;

/** Brings an emptied Redis into a state and returns its keys. */
export async function growTo(redis: BenchRedis, state: GrownState): Promise<Keys> {
  await redis.flush();
  const keys = keysOf("{bench}");
  await preparePipeline(redis, keys);
  for (let left = state.intents; left > 0; left -= SLICE) {
    await admitChunk(redis, keys, {
      ...{ decisions: Math.min(left, SLICE), symbols: state.symbols, perCall: PER_CALL },
    });
  }
  const { executionIntents } = GROUPS;
  if (state.pending > 0) {
    const who = ["GROUP", executionIntents, "bench", "COUNT", String(state.pending)];
    await redis.eye.command("XREADGROUP", ...who, "STREAMS", keys.intentStream, ">");
  }
  // The others were executed long ago: nothing is left unread.
  const read = ["$", "ENTRIESREAD", String(state.intents)];
  await redis.eye.command("XGROUP", "SETID", keys.intentStream, executionIntents, ...read);
  return keys;
}

/** Admits new decisions, `perCall` in each call, and returns what one took of the server's processor time, µs. */
export async function admitChunk(
  redis: BenchRedis,
  keys: Keys,
  chunk: { readonly decisions: number; readonly symbols: number; readonly perCall: number },
): Promise<number> {
  runs += 1;
  const prices = new Map(Array.from({ length: chunk.symbols }, (_, at) => [`S${at}USDT`, "100"]));
  const pending = await deliverEntries(redis, keys, makeEntries(chunk.decisions, `grow-${runs}`, prices));
  const commands = await admissionCommands(pending, chunk.perCall);
  const before = Number(await redis.eye.command("XLEN", keys.intentStream));
  const beforeMs = await serverTimeMs(redis);
  await redis.raw.drive(commands, DECISIONS_IN_FLIGHT / chunk.perCall);
  const usedMs = (await serverTimeMs(redis)) - beforeMs;
  const admitted = Number(await redis.eye.command("XLEN", keys.intentStream)) - before;
  if (admitted !== chunk.decisions)
    throw new Error(`of ${chunk.decisions} decisions ${admitted} were admitted`);
  return (usedMs / chunk.decisions) * 1000;
}
