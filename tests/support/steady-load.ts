import { decide, type PipelineView } from "./pipeline.ts";
import { type HELD_PRICES, validOn } from "./valid-trade.ts";

/** Decisions that keep coming, whatever happens to Redis meanwhile. */
export interface SteadyLoad {
  /** Decisions that Redis has acknowledged. */
  acknowledged(): number;
  /** Ends it, once the last decision is acknowledged; their trace ids. */
  stop(): Promise<readonly string[]>;
}

const SYMBOLS = [
  "ETHUSDT",
  "SOLUSDT",
  "BNBUSDT",
  "XRPUSDT",
  "BTCUSDT",
] as const satisfies (keyof typeof HELD_PRICES)[];

/**
 * Appends a valid trade about every `everyMs`, each until Redis has taken it: an append whose fate is unknown is
 * made again with the same ids, as every at-least-once writer does.
 */
export function startLoad(view: PipelineView, everyMs = 15): SteadyLoad {
  const traces: string[] = [];
  let going = true;
  const run = (async () => {
    for (let at = 0; going; at += 1) {
      const trace = crypto.randomUUID();
      const symbol = SYMBOLS[at % SYMBOLS.length] ?? "ETHUSDT";
      await appendUntilTaken(view, validOn(symbol), trace);
      traces.push(trace);
      await Bun.sleep(everyMs);
    }
  })();
  return {
    acknowledged: () => traces.length,
    stop: async () => {
      going = false;
      await run;
      return traces;
    },
  };
}

async function appendUntilTaken(view: PipelineView, decision: object, trace: string): Promise<void> {
  for (;;) {
    try {
      await decide(view, decision, trace);
      return;
    } catch {
      await Bun.sleep(20);
    }
  }
}
