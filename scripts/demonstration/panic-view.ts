import { z } from "zod";
import type { Keys } from "../../lib/contract/keys.ts";
import { type PanicCompletion, panicCompletionSchema } from "../../lib/contract/panic.ts";
import { entryTimeMs } from "../../lib/redis/entry-time.ts";
import { fetchJson } from "../stack/fetch-json.ts";
import { readCounters, readStream } from "../stack/read-pipeline.ts";
import type { RedisEye } from "../stack/redis-process.ts";

const stateSchema = z.looseObject({
  positions: z.array(z.looseObject({ symbol: z.string(), positionAmt: z.string() })),
  orders: z.array(z.looseObject({ status: z.string() })),
  algoOrders: z.array(z.looseObject({ algoStatus: z.string() })),
});

/** The venue's account, by the simulation's own view. */
export interface AccountView {
  /** Symbols with a position. */
  readonly open: readonly string[];
  /** Plain orders that rest. */
  readonly resting: number;
  /** Conditional orders that rest: the protective stops. */
  readonly stops: number;
}

/** What is open at the paper exchange now. */
export async function readAccount(venueUrl: string): Promise<AccountView> {
  const { positions, orders, algoOrders } = stateSchema.parse(await fetchJson(`${venueUrl}/paper/state`));
  const rests = ({ status }: { status: string }) => status === "NEW" || status === "PARTIALLY_FILLED";
  return {
    open: positions.filter((one) => Number(one.positionAmt) !== 0).map((one) => one.symbol),
    resting: orders.filter(rests).length,
    stops: algoOrders.filter((one) => one.algoStatus === "NEW").length,
  };
}

/** What Redis holds of a failure and the panic it led to. */
export interface PanicRecord {
  /** Of the newest heartbeat. */
  readonly lastBeatMs: number;
  readonly guarded: number;
  readonly panic: { readonly atMs: number; readonly reason: string } | undefined;
  /** Epoch ms of the standing halt. */
  readonly haltedMs: number | undefined;
  readonly completion: (PanicCompletion & { readonly atMs: number }) | undefined;
}

/** Reads it all; the newest of each. */
export async function readPanic(eye: RedisEye, keys: Keys): Promise<PanicRecord> {
  const newest = async (stream: string) => (await readStream(eye, stream)).at(-1);
  const beat = await newest(keys.heartbeatStream);
  const panic = await newest(keys.panicStream);
  const completion = await newest(keys.panicCompletedStream);
  const state = await readCounters(eye, keys.tradingState);
  const halted = await eye.command("HGET", keys.tradingState, "halted");
  return {
    lastBeatMs: entryTimeMs(beat?.id ?? "0"),
    guarded: Number(beat?.fields["active_positions"] ?? 0),
    panic: panic && { atMs: entryTimeMs(panic.id), reason: panic.fields["reason"] ?? "" },
    haltedMs: halted === "true" ? state.get("ts") : undefined,
    completion: completion && {
      ...panicCompletionSchema.parse(completion.fields),
      atMs: entryTimeMs(completion.id),
    },
  };
}
