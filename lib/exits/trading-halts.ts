import type { Exchange } from "../exchange/exchange.ts";
import { isTraded } from "./decide-attempt.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";

/** The rules are one long reply for all symbols: read no more often, however many exits are refused (ms). */
const LOOK_EVERY_MS = 30_000;

type Parts = Pick<ExitBrainParts, "clock" | "log"> & {
  readonly exchange: Pick<Exchange, "refreshRules" | "rules">;
};

/** Whether the venue has stopped trading a symbol since its rules were read, which is otherwise done once an hour. */
export class TradingHalts {
  readonly #parts: Parts;
  #lookedAtMs = Number.NEGATIVE_INFINITY;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** An exit of the symbol has ended with its position open. Never rejects. */
  async suspect(symbol: string): Promise<void> {
    const { clock, exchange, log } = this.#parts;
    const nowMs = clock.monotonicMs();
    if (nowMs - this.#lookedAtMs < LOOK_EVERY_MS) return;
    this.#lookedAtMs = nowMs;
    await exchange.refreshRules();
    const rules = exchange.rules(symbol);
    if (rules === undefined || isTraded(rules)) return;
    log.error({ symbol, status: rules.status }, `NO EXIT POSSIBLE ${symbol}: the venue does not trade it`);
  }
}
