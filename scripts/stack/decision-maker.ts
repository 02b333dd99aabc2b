import Big from "big.js";

/** One entry for the decision stream, and what it is meant to become. */
export interface MadeDecision {
  readonly fields: readonly string[];
  readonly meant: DecisionKind;
}

export type DecisionKind =
  | "entry"
  | "repeated"
  | "close"
  | "hold"
  | "tiny"
  | "no_edge"
  | "low_reward"
  | "wrong_model"
  | "wrong_stop"
  | "unsure"
  | "stale"
  | "no_side"
  | "garbage";

/** Shares of an engine's ordinary day, with everything that goes wrong on a bad one. */
export const ORDINARY_MIX: readonly (readonly [DecisionKind, number])[] = [
  ["entry", 46],
  ["repeated", 14],
  ["close", 9],
  ["hold", 8],
  ["tiny", 4],
  ["no_edge", 4],
  ["low_reward", 4],
  ["wrong_model", 4],
  ["wrong_stop", 2],
  ["unsure", 2],
  ["stale", 1],
  ["no_side", 1],
  ["garbage", 1],
];

/** Decisions as an AI engine makes them, on the prices it is shown; deterministic by its random source. */
export class DecisionMaker {
  readonly #random: () => number;
  readonly #run: string;
  readonly #mix: readonly (readonly [DecisionKind, number])[];
  #made = 0;
  #last: readonly string[] | undefined;

  constructor(random: () => number, run: string, mix = ORDINARY_MIX) {
    this.#random = random;
    this.#run = run;
    this.#mix = mix;
  }

  /** The next decision on one of `prices` (symbol → price). `nowMs` is its timestamp. */
  next(prices: ReadonlyMap<string, string>, nowMs: number): MadeDecision {
    const meant = this.#kind();
    if (meant === "repeated" && this.#last !== undefined) return { fields: this.#last, meant };
    const symbols = [...prices.keys()];
    const symbol = symbols[Math.floor(this.#random() * symbols.length)] ?? "BTCUSDT";
    const price = new Big(prices.get(symbol) ?? "0");
    this.#made += 1;
    const traceId = `${this.#run}-${this.#made}`;
    const ids = ["correlation_id", `corr-${traceId}`, "trace_id", traceId];
    if (meant === "garbage") return { fields: ["payload", "{not json", ...ids], meant };
    const payload = JSON.stringify(this.#decision(meant, symbol, price, nowMs));
    const fields = ["payload", payload, ...ids];
    this.#last = fields;
    return { fields, meant };
  }

  #kind(): DecisionKind {
    let at = this.#random() * this.#mix.reduce((sum, [, share]) => sum + share, 0);
    for (const [kind, share] of this.#mix) {
      at -= share;
      if (at < 0) return kind;
    }
    return "entry";
  }

  #decision(meant: DecisionKind, symbol: string, price: Big, nowMs: number): Record<string, unknown> {
    const buys = this.#random() < 0.5;
    const away = (pct: number) =>
      price
        .times(buys ? 1 + pct / 100 : 1 - pct / 100)
        .round(6)
        .toString();
    if (meant === "hold") return { symbol, action: buys ? "HOLD" : "SKIP" };
    const timestampMs = meant === "stale" ? nowMs - 86_400_000 : nowMs;
    const side = meant === "close" ? "CLOSE" : buys ? "BUY" : "SELL";
    const sizeUsd = meant === "tiny" ? 12 : Math.round(60 + this.#random() * 400);
    return {
      symbol,
      ...(meant === "no_side" ? {} : { side }),
      confidence: meant === "unsure" ? 0.4 : 0.7 + this.#random() * 0.29,
      entry_price: price.toString(),
      ...(meant === "close" ? {} : { position_size_usd: sizeUsd }),
      leverage: 5,
      stop_loss: away(meant === "wrong_stop" ? 1 : -1),
      take_profit: away(meant === "low_reward" ? 1.2 : 3),
      trail_percent: 0.8,
      model: meant === "wrong_model" ? "XGBoost" : "NHiTS",
      regime: "TREND",
      strategy: "demo",
      timeframe: "1m",
      ...(meant === "no_edge" ? { expected_move_usd: 0.05 } : {}),
      timestamp: new Date(timestampMs).toISOString(),
    };
  }
}
