import type { ListReading, Position } from "../../../lib/exchange/exchange.ts";
import { PositionBook } from "../../../lib/exits/position-book.ts";

/** A long of 0.5 BTC, changed where a test needs it to be. */
export const position = (change: Partial<Position> = {}): Position => ({
  symbol: "BTCUSDT",
  positionSide: "BOTH",
  quantity: "0.5",
  entryPrice: "100",
  markPrice: "101",
  unrealisedPnlUsd: "0",
  updateTimeMs: 500,
  ...change,
});

export const FAILED: Extract<ListReading<never>, { ok: false }> = {
  ok: false,
  outcome: {
    row: "NO_REPLY",
    class: "UNKNOWN",
    phase: "ambiguous",
    retryable: true,
    advice: "NONE",
    httpStatus: null,
    code: null,
    message: "",
    retryAfterMs: null,
  },
};

/** A venue whose answers are given by hand, and a clock that only moves when it is told to. */
export function bookOf() {
  const answers: ((reading: ListReading<Position>) => void)[] = [];
  const now = { ms: 1000 };
  const book = new PositionBook({
    exchange: {
      positions: () => new Promise((resolve) => answers.push(resolve)),
      serverNowMs: () => now.ms,
      clockSkewMs: () => 7,
    },
    monotonicMs: () => now.ms,
  });
  const read = async (reading: ListReading<Position>) => {
    const reading_ = book.refresh();
    answers.shift()?.(reading);
    await reading_;
  };
  const event = (quantity: string, venueMs: number, symbol = "BTCUSDT") =>
    book.apply({ kind: "position", symbol, positionSide: "BOTH", quantity, entryPrice: "100", venueMs });
  const open = () =>
    Object.fromEntries([...(book.view()?.positions ?? [])].map(([key, one]) => [key, one.quantity]));
  return { book, now, answers, read, event, open };
}
