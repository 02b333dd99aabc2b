import { z } from "zod";
import { GATE_SETTINGS } from "../../../lib/gates/gate-settings.ts";
import type { GateInput } from "../../../lib/gates/profit-gate.ts";

/** The contract's defaults, as the configuration reader makes them of an empty environment. */
export const DEFAULT_LIMITS = z.strictObject(GATE_SETTINGS).parse({});

/** The valid trade of the proof table: ETHUSDT, 35 USD notional, R = 2.5, NHiTS in TREND. */
export const VALID_ENTRY: GateInput = {
  price: "3500",
  quantity: "0.01",
  stopLoss: "3430",
  takeProfit: "3675",
  expectedMoveUsd: null,
  model: "NHiTS",
  regime: "TREND",
  nowMs: 1_700_000_000_000,
  lastTradeMs: null,
  tradesLast10Min: 0,
  limits: DEFAULT_LIMITS,
};
