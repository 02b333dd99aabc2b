import Big from "big.js";
import { Hono } from "hono";
import { z } from "zod";
import { decimalTextSchema } from "../../contract/decimal-text.ts";
import { accountFigures } from "../engine/margin.ts";
import type { VenueState } from "../engine/venue-state.ts";
import type { FaultInjector } from "../faults/fault-injector.ts";
import { faultScriptSchema } from "../faults/fault-script.ts";
import type { MarketDriver } from "../market/market-driver.ts";
import type { StreamHub } from "../streams/stream-hub.ts";
import type { VenueSequencer } from "../venue-sequencer.ts";
import { balanceReport } from "../wire/account-view.ts";
import { fillReport, incomeReport } from "../wire/fill-view.ts";
import { bookTickerReport } from "../wire/market-view.ts";
import { algoReport, orderReport } from "../wire/order-view.ts";
import { positionReport } from "../wire/position-view.ts";
import type { Credentials } from "./authenticate.ts";
import type { RateLimits } from "./rate-limits.ts";
import type { RequestJournal } from "./request-journal.ts";
import type { VenueFacts } from "./venue-call.ts";

/** What the simulation's own controls reach. */
export interface AdminParts {
  readonly sequencer: VenueSequencer;
  readonly facts: VenueFacts;
  readonly credentials: Credentials;
  readonly limits: RateLimits;
  readonly faults: FaultInjector;
  readonly journal: RequestJournal;
  readonly driver: MarketDriver;
  readonly hub: StreamHub;
  readonly expireListenKey: () => string | undefined;
}

const decimal = decimalTextSchema.transform((text) => new Big(text));
const positive = decimal.refine((value) => value.gt(0), "must be above zero");

const marketSchema = z.union([
  z.strictObject({ release: z.string().describe("A symbol, or * for all: its own source moves it again.") }),
  z.strictObject({
    symbol: z.string(),
    price: positive,
    hold: z.boolean().default(true),
    bidQty: positive.optional(),
    askQty: positive.optional(),
    mark: positive.optional(),
  }),
]);

const credentialsSchema = z.union([
  z.strictObject({ forbidden: z.boolean() }),
  z.strictObject({
    apiKey: z.string().min(1),
    apiSecret: z.string().min(1),
    keepOld: z.boolean().default(false),
  }),
]);

const streamsSchema = z.strictObject({ action: z.enum(["drop", "mute", "unmute", "expire-listen-key"]) });

/**
 * The simulation's controls under /paper: loopback only, like everything here, and without a token, because
 * nothing behind them is worth money. A body that is not what it should be is answered 400 with every fault.
 */
export function createAdminRoutes(parts: AdminParts): Hono {
  const app = new Hono().basePath("/paper");
  app.get("/state", (context) =>
    context.json(parts.sequencer.act((state, nowMs) => stateReport(state, parts, nowMs))),
  );
  app.get("/counts", (context) => context.json(parts.sequencer.act(countsReport)));
  app.get("/requests", (context) => context.json(parts.journal.report()));
  app.get("/faults", (context) => context.json({ rules: parts.faults.report() }));
  app.delete("/faults", (context) => {
    parts.faults.clear();
    return context.json({ rules: [] });
  });
  app.post("/faults", async (context) => {
    const script = faultScriptSchema.safeParse(await readJson(context.req.raw));
    if (!script.success) return context.json(complaint(script.error), 400);
    parts.faults.use(script.data);
    return context.json({ rules: parts.faults.report() });
  });
  app.post("/reset", (context) => {
    parts.sequencer.reset();
    parts.limits.reset();
    parts.journal.reset();
    parts.faults.clear();
    parts.driver.release();
    parts.credentials.forbidden = false;
    return context.json({ reset: true });
  });
  addMarketRoutes(app, parts);
  addAccessRoutes(app, parts);
  app.notFound((context) => context.json({ error: { code: "NOT_FOUND", message: "no such control" } }, 404));
  return app;
}

function addMarketRoutes(app: Hono, parts: AdminParts): void {
  app.get("/market", (context) => context.json(marketReport(parts)));
  app.post("/market", async (context) => {
    const wanted = marketSchema.safeParse(await readJson(context.req.raw));
    if (!wanted.success) return context.json(complaint(wanted.error), 400);
    const request = wanted.data;
    if ("release" in request) {
      parts.driver.release(request.release === "*" ? undefined : request.release);
      return context.json(marketReport(parts));
    }
    const known = parts.sequencer.act((state) => state.symbols.has(request.symbol));
    if (!known) return context.json({ error: { code: "UNKNOWN_SYMBOL", message: request.symbol } }, 400);
    parts.driver.setByHand(request);
    return context.json(marketReport(parts));
  });
}

function addAccessRoutes(app: Hono, parts: AdminParts): void {
  app.post("/credentials", async (context) => {
    const wanted = credentialsSchema.safeParse(await readJson(context.req.raw));
    if (!wanted.success) return context.json(complaint(wanted.error), 400);
    const request = wanted.data;
    if ("forbidden" in request) parts.credentials.forbidden = request.forbidden;
    else {
      if (!request.keepOld) parts.credentials.secrets.clear();
      parts.credentials.secrets.set(request.apiKey, request.apiSecret);
    }
    return context.json({ keys: parts.credentials.secrets.size, forbidden: parts.credentials.forbidden });
  });
  app.post("/streams", async (context) => {
    const wanted = streamsSchema.safeParse(await readJson(context.req.raw));
    if (!wanted.success) return context.json(complaint(wanted.error), 400);
    const { action } = wanted.data;
    if (action === "drop") return context.json({ dropped: parts.hub.dropAll() });
    if (action === "expire-listen-key") return context.json({ expired: parts.expireListenKey() ?? null });
    parts.hub.mute(action === "mute");
    return context.json({ muted: action === "mute" });
  });
}

/** How much history the venue keeps: what its memory grows by. */
function countsReport(state: VenueState) {
  const fills = [...state.symbols.values()].reduce((sum, symbol) => sum + symbol.fills.length, 0);
  return {
    orders: state.ordersById.size,
    algoOrders: state.algosById.size,
    fills,
    income: state.incomes.length,
  };
}

/** Everything there is to assert on; orders are all that were ever accepted, in order of acceptance. */
function stateReport(state: VenueState, parts: AdminParts, nowMs: number) {
  const figures = accountFigures(state);
  return {
    orders: [...state.ordersById.values()].map((order) => orderReport(state, order)),
    algoOrders: [...state.algosById.values()].map((algo) => algoReport(state, algo)),
    positions: [...state.openLegs].map((leg) => {
      const symbol = state.symbols.get(leg.symbol);
      if (symbol === undefined) throw new Error(`position of an unknown symbol ${leg.symbol}`);
      return positionReport({ symbol, leg, figures });
    }),
    fills: [...state.symbols.values()]
      .flatMap((symbol) => symbol.fills)
      .sort((one, other) => one.id - other.id)
      .map((fill) => fillReport(state, fill)),
    balances: balanceReport(state, { accountAlias: parts.facts.accountAlias, nowMs }),
    income: state.incomes.map(incomeReport),
    hedgeMode: state.hedgeMode,
    serverTime: nowMs,
  };
}

function marketReport(parts: AdminParts) {
  return parts.sequencer.act((state) => ({
    quotes: [...state.symbols.values()].map(bookTickerReport),
    /** Part of each recording that has been played, 0 to 1. */
    progress: parts.driver.progress(),
    held: parts.driver.held(),
  }));
}

/** The body as JSON; undefined, which no schema takes, when it is none. */
async function readJson(request: Request): Promise<unknown> {
  try {
    return await request.json();
  } catch {
    return undefined;
  }
}

function complaint(error: z.ZodError) {
  return { error: { code: "INVALID", message: z.prettifyError(error) } };
}
