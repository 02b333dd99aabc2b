import { z } from "zod";
import { fetchJson } from "../../stack/fetch-json.ts";
import { createLatencyHistogram, type LatencyHistogram } from "../measure/latency-histogram.ts";

const requestsSchema = z.looseObject({
  orders: z.array(z.looseObject({ clientOrderId: z.string(), receivedAtMs: z.number() })),
});

/** Of those that set out, how many must have arrived for a figure to be one. */
const ARRIVED_SHARE_MIN = 0.9;

/** Client order id → when the exchange saw it first, epoch ms with microseconds. */
export async function readReceipts(venueUrl: string): Promise<ReadonlyMap<string, number>> {
  const { orders } = requestsSchema.parse(await fetchJson(`${venueUrl}/paper/requests`));
  const first = new Map<string, number>();
  for (const { clientOrderId: id, receivedAtMs } of orders) if (!first.has(id)) first.set(id, receivedAtMs);
  return first;
}

/** How long each took from its departure (client order id → epoch ms). Throws when too many never arrived. */
export function latenciesOf(
  departures: ReadonlyMap<string, number>,
  received: ReadonlyMap<string, number>,
): LatencyHistogram {
  return latenciesIn({ departures, received }, { name: "orders", shareMin: ARRIVED_SHARE_MIN });
}

/** The same of exits. Throws when one never arrived: nothing may refuse it, and it would be the slowest of them. */
export function exitLatenciesOf(
  departures: ReadonlyMap<string, number>,
  received: ReadonlyMap<string, number>,
): LatencyHistogram {
  return latenciesIn({ departures, received }, { name: "exits", shareMin: 1 });
}

interface Travelled {
  readonly departures: ReadonlyMap<string, number>;
  readonly received: ReadonlyMap<string, number>;
}

function latenciesIn(
  { departures, received }: Travelled,
  wanted: { readonly name: string; readonly shareMin: number },
): LatencyHistogram {
  const latencies = createLatencyHistogram();
  for (const [id, departedMs] of departures) {
    const receivedMs = received.get(id);
    if (receivedMs !== undefined) latencies.record(receivedMs - departedMs);
  }
  if (latencies.count < wanted.shareMin * departures.size) {
    throw new Error(`only ${latencies.count} of ${departures.size} ${wanted.name} reached the exchange`);
  }
  return latencies;
}
