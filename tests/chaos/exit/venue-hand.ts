import { z } from "zod";
import type { faultScriptSchema } from "../../../lib/paper/faults/fault-script.ts";
import { type CallParams, signedQuery } from "../../support/paper-exchange.ts";

const positionSchema = z.looseObject({
  symbol: z.string(),
  positionAmt: z.string(),
  positionSide: z.string(),
});
const orderSchema = z.looseObject({
  symbol: z.string(),
  clientOrderId: z.string(),
  status: z.string(),
  type: z.string(),
  side: z.string(),
  reduceOnly: z.boolean(),
  time: z.number(),
  updateTime: z.number(),
});
const stopSchema = z.looseObject({
  symbol: z.string(),
  clientAlgoId: z.string(),
  algoStatus: z.string(),
  closePosition: z.boolean(),
});
const stateSchema = z.looseObject({
  orders: z.array(orderSchema),
  algoOrders: z.array(stopSchema),
  positions: z.array(positionSchema),
});
export type VenueOrderSeen = z.infer<typeof orderSchema>;

/** An operator's hand at the paper exchange: signed calls past all of ours, and its controls. */
export interface VenueHand {
  call(method: "GET" | "POST" | "DELETE", path: string, params?: CallParams): Promise<unknown>;
  control(what: "faults" | "market" | "credentials" | "reset", body: object): Promise<void>;
  faults(script: z.input<typeof faultScriptSchema>): Promise<void>;
  clearFaults(): Promise<void>;
  /** Market orders that open one position a symbol; all fill or it throws. */
  openPositions(symbols: readonly string[]): Promise<void>;
  /** Limit orders far from the price, `count` in all, spread over the symbols. */
  restOrders(symbols: readonly string[], count: number): Promise<void>;
  /** Looks are made past the venue's API: they cost nobody's request budget. */
  positions(): Promise<readonly z.infer<typeof positionSchema>[]>;
  resting(): Promise<readonly VenueOrderSeen[]>;
  stops(): Promise<readonly z.infer<typeof stopSchema>[]>;
  orders(): Promise<readonly VenueOrderSeen[]>;
}

/** Sizes that pass the filters of every symbol used here and stay far from any limit. */
const NOTIONAL_USD = 200;

/** Names of invented contracts: SIM001USDT, SIM002USDT, … */
export function simulated(count: number): readonly string[] {
  return Array.from({ length: count }, (_, at) => `SIM${String(at + 1).padStart(3, "0")}USDT`);
}

/** Opens the hand; `url` is the paper exchange's. */
export function openVenue(url: string): VenueHand {
  const call: VenueHand["call"] = async (method, path, params = {}) => {
    const reply = await fetch(`${url}${path}?${signedQuery(params)}`, {
      method,
      headers: { "X-MBX-APIKEY": "paper" },
      signal: AbortSignal.timeout(20_000),
    });
    const body: unknown = await reply.json();
    if (!reply.ok) throw new Error(`${method} ${path}: ${reply.status} ${JSON.stringify(body)}`);
    return body;
  };
  const send = async (method: "POST" | "DELETE", what: string, body?: object) => {
    const reply = await fetch(`${url}/paper/${what}`, {
      method,
      headers: { "content-type": "application/json" },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    if (!reply.ok) throw new Error(`/paper/${what}: ${reply.status} ${await reply.text()}`);
  };
  const look = async () => stateSchema.parse(await (await fetch(`${url}/paper/state`)).json());
  const sizeOf = async (symbol: string, part = 1) =>
    sizeFor(await call("GET", "/fapi/v1/premiumIndex", { symbol }), part);
  return {
    call,
    control: (what, body) => send("POST", what, body),
    faults: (script) => send("POST", "faults", script),
    clearFaults: () => send("DELETE", "faults"),
    async openPositions(symbols) {
      await inPages(symbols, async (symbol) => {
        const { quantity } = await sizeOf(symbol);
        await call("POST", "/fapi/v1/order", { symbol, side: "BUY", type: "MARKET", quantity });
      });
    },
    async restOrders(symbols, count) {
      const wanted = Array.from({ length: count }, (_, at) => symbols[at % symbols.length] ?? "");
      await inPages(wanted, async (symbol) => {
        const { quantity, price } = await sizeOf(symbol, 0.8);
        await call("POST", "/fapi/v1/order", {
          ...{ symbol, side: "BUY", type: "LIMIT", timeInForce: "GTC", quantity, price },
        });
      });
    },
    positions: async () => (await look()).positions.filter((one) => Number(one.positionAmt) !== 0),
    resting: async () =>
      (await look()).orders.filter((one) => one.status === "NEW" || one.status === "PARTIALLY_FILLED"),
    stops: async () => (await look()).algoOrders.filter((one) => one.algoStatus === "NEW"),
    orders: async () => (await look()).orders,
  };
}

async function inPages<T>(items: readonly T[], act: (item: T) => Promise<void>): Promise<void> {
  for (let at = 0; at < items.length; at += 20) await Promise.all(items.slice(at, at + 20).map(act));
}

const indexSchema = z.looseObject({ markPrice: z.string() });

/** Whole units above one dollar of price, three decimals else: what every invented contract takes. */
function sizeFor(index: unknown, part: number): { readonly quantity: string; readonly price: string } {
  const mark = Number(indexSchema.parse(index).markPrice);
  const price = (mark * part).toPrecision(3);
  const quantity = NOTIONAL_USD / mark;
  return { quantity: quantity >= 1 ? String(Math.ceil(quantity)) : quantity.toFixed(3), price };
}
