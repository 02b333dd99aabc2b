import { z } from "zod";
import { stopProblems } from "../../tests/chaos/stops-at-venue.ts";
import { acceptedOrderSchema, reconcile } from "../stack/reconcile.ts";
import { waitFor } from "../stack/wait-for.ts";
import type { Load } from "./load.ts";
import type { RecordKeeper } from "./record-keeper.ts";
import { SOAK_ROLES, type SoakStack } from "./soak-stack.ts";

const stateSchema = z.looseObject({ orders: z.array(acceptedOrderSchema) });

/** Every order of the run in one answer. */
const STATE_MS_MAX = 60_000;
/** The last fault may be a second old. */
const READY_WITHIN_MS = 60_000;

export interface Proof {
  /** What passed through, for the reader. */
  readonly figures: Readonly<Record<string, number>>;
  /** What does not add up, in plain words; empty is the proof. */
  readonly problems: readonly string[];
}

/** Adds up both ends of the pipeline, once everything is at rest. */
export async function proveTheRun(stack: SoakStack, keeper: RecordKeeper, load: Load): Promise<Proof> {
  const url = `${stack.venueUrl}/paper/state`;
  const reply = await fetch(url, { signal: AbortSignal.timeout(STATE_MS_MAX) });
  const { orders } = stateSchema.parse(await reply.json());
  const panics = keeper.panicIds.map((id) => `panic-${id.slice(0, 8)}-`);
  const isPanicOrder = ({ clientOrderId }: { readonly clientOrderId: string }) =>
    panics.some((prefix) => clientOrderId.startsWith(prefix));
  const { problems, byStatus, executedOrders, triggeredStops } = reconcile({
    intents: keeper.intents,
    results: keeper.results,
    orders: orders.filter((order) => !isPanicOrder(order)),
  });
  const surprises = SOAK_ROLES.flatMap((name) => stack.role(name).surprises);
  const unready: string[] = [];
  for (const name of SOAK_ROLES) {
    const ready = () => stack.role(name).isReady();
    await waitFor("ready", ready, { timeoutMs: READY_WITHIN_MS, everyMs: 100 }).catch(() => {
      unready.push(`${name} is not ready at the end`);
    });
  }
  return {
    figures: {
      ...{ decisions: load.fed(), intents: keeper.intents.length, results: keeper.results.length },
      ...Object.fromEntries([...byStatus].map(([status, count]) => [`results ${status}`, count])),
      ...{ "orders executed": executedOrders, "stops triggered": triggeredStops },
      ...{ panics: panics.length, "orders of panics": orders.filter(isPanicOrder).length },
      ...{ "dead letters": keeper.deadLetters.length, "recovery runs": stack.recovery.count() },
    },
    problems: [
      ...problems,
      ...(await stopProblems(stack.venueUrl)),
      ...deadLetterProblems(keeper, load),
      ...(await pipelineProblems(stack)),
      ...stack.recovery.failures,
      ...surprises,
      ...unready,
    ],
  };
}

/** Each decision that is no JSON is a dead letter, and nothing else is. */
function deadLetterProblems({ deadLetters }: RecordKeeper, { garbage }: Load): readonly string[] {
  const raws = deadLetters.map((fields) => fields["raw"] ?? "");
  const missing = [...garbage].filter((traceId) => !raws.some((raw) => raw.includes(`"${traceId}"`)));
  const foreign = raws.filter((raw) => !raw.includes("{not json"));
  return [
    ...missing.map((traceId) => `decision ${traceId} is no JSON and became no dead letter`),
    ...foreign.map((raw) => `a dead letter that was no garbage: ${raw.slice(0, 200)}`),
  ];
}

async function pipelineProblems({ eye, keys }: SoakStack): Promise<readonly string[]> {
  const open = Number(await eye.command("ZCARD", keys.openOrders));
  const inFlight = Number(await eye.command("HLEN", keys.gateInFlight));
  return [
    ...(open === 0 ? [] : [`${open} orders are still open in the ledger`]),
    ...(inFlight === 0 ? [] : [`${inFlight} symbols are still reserved by an entry in flight`]),
  ];
}
