/** Environment of a trading stack in which nothing but speed limits a trade. */
export const WIDE_OPEN = {
  "ai-strategy-router": {
    SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "1000000",
    SAFETY_SYMBOL_MAX_INTENTS_PER_WINDOW: "1000000",
    INTENT_BACKLOG_MAX: "1000000",
  },
  execution: { MAX_TRADES_10MIN: "1000000", MIN_HOLD_SECONDS: "0" },
  "paper-exchange": {
    // Prices that stand still: a decision made a second ago is as good as a new one.
    PAPER_SPEED: "0",
    // One entry a symbol is in work at a time, whatever the cooldown: enough symbols that none waits.
    PAPER_EXTRA_SYMBOLS: "120",
    PAPER_ORDER_LIMIT_10S: "1000000",
    PAPER_ORDER_LIMIT_1M: "1000000",
    PAPER_WEIGHT_LIMIT_1M: "10000000",
    PAPER_BALANCE_USD: "100000000",
  },
} as const;
