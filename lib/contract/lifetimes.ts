/** How long each expiring key lives, in seconds, where the contract fixes it. */
export const LIFETIMES_SEC = {
  messageDedup: 300,
  intentDedup: 86_400,
  /** From the ledger entry's terminal state; an order that is not settled never expires. */
  orderLedger: 86_400,
  roleBeat: 30,
  gateTrades: 600,
  /** Added to the window for the rate counters and the sliding lists. */
  rateSlack: 2,
  /** Added to the next UTC midnight for the daily counter. */
  dailySlack: 3600,
} as const;
