import { z } from "zod";
import { decodeResult } from "../../lib/contract/execution-result.ts";
import type { Keys } from "../../lib/contract/keys.ts";
import { decodeIntent } from "../../lib/contract/trade-intent.ts";
import { fetchJson } from "./fetch-json.ts";
import { acceptedOrderSchema, type PipelineRecord, type PublishedIntent } from "./reconcile.ts";
import type { RedisEye } from "./redis-process.ts";

type Fields = Readonly<Record<string, string>>;

/** Every entry of a stream, in order. */
export async function readStream(eye: RedisEye, stream: string): Promise<{ id: string; fields: Fields }[]> {
  const reply = await eye.command("XRANGE", stream, "-", "+");
  return (Array.isArray(reply) ? reply : []).map((entry) => {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    const list: string[] = Array.isArray(flat) ? flat.map(String) : [];
    const pairs = list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? ""]] : []));
    return { id: String(id), fields: Object.fromEntries(pairs) };
  });
}

/** A hash of counters. */
export async function readCounters(eye: RedisEye, key: string): Promise<ReadonlyMap<string, number>> {
  const reply = await eye.command("HGETALL", key);
  const flat = Array.isArray(reply) ? reply.map(String) : [];
  const counters = new Map<string, number>();
  for (let at = 0; at + 1 < flat.length; at += 2) counters.set(flat[at] ?? "", Number(flat[at + 1]));
  return counters;
}

const paperStateSchema = z.looseObject({ orders: z.array(acceptedOrderSchema) });

/** Intents, results and the venue's orders. Throws when an entry of ours does not decode. */
export async function readPipeline(eye: RedisEye, keys: Keys, paperUrl: string): Promise<PipelineRecord> {
  const intentsOf = async (stream: string, kind: PublishedIntent["kind"]) =>
    (await readStream(eye, stream)).map(({ id, fields }) => {
      const decoded = decodeIntent(fields);
      if (decoded.kind === "undecodable") throw new Error(`${stream} ${id}: ${decoded.reason}`);
      const { intent_id: intentId, source } = decoded.intent;
      return { intentId, kind: kind === "exit" && source === "execution" ? ("follow_up" as const) : kind };
    });
  return {
    intents: [
      ...(await intentsOf(keys.intentStream, "entry")),
      ...(await intentsOf(keys.exitIntentStream, "exit")),
    ],
    results: (await readStream(eye, keys.resultStream)).map(({ fields }) => decodeResult(fields)),
    orders: paperStateSchema.parse(await fetchJson(`${paperUrl}/paper/state`)).orders,
  };
}
