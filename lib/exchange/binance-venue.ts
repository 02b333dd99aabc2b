/**
 * Binance USD-M futures behind the port: PAPER, TESTNET and LIVE differ in address and credentials alone. What every
 * role needs that looks at the venue or leaves a position; the rest is in binance-trading.ts.
 *
 * Invariants
 * 1. An adapter whose addresses do not fit its mode cannot be made: it throws before anything is sent.
 * 2. Signed requests carry the venue's time as measured; a timestamp that the venue refuses starts one new
 *    measurement, and the caller signs again if it wants to.
 * 3. `account()` is known only after a `connect()` that read clock, rules and account; every probe that succeeds after
 *    it keeps its position mode true, which the account's owner may change at any time.
 */
import type { TradingMode } from "../contract/trading-mode.ts";
import { createAccountMethods } from "./binance-account.ts";
import { createOrderMethods } from "./binance-orders.ts";
import type { TradingMethods } from "./binance-trading.ts";
import type { AccountFacts, ClockSample, Exchange, Reading } from "./exchange.ts";
import { ModeHostError, venueAddress } from "./mode-hosts.ts";
import { isFilterRefusal } from "./outcome-classes.ts";
import { OutcomeLog, type OutcomeLogLines } from "./outcome-log.ts";
import { misfit, readReply } from "./read-reply.ts";
import { readSymbolRules } from "./read-symbol-rules.ts";
import { createRequestBudget, type RequestBudget } from "./request-budget.ts";
import type { SymbolRules } from "./symbol-rules.ts";
import { createVenueClock, type VenueClock } from "./venue-clock.ts";
import { exchangeInfoSchema, serverTimeSchema } from "./venue-replies.ts";
import {
  createVenueTransport,
  type Fetch,
  type TransportClock,
  type VenueRequest,
  type VenueTransport,
} from "./venue-transport.ts";

export interface BinanceOptions {
  readonly mode: TradingMode;
  /** Default: the mode's own. */
  readonly restUrl?: string | undefined;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly requestTimeoutMs: number;
  readonly exitReservePct: number;
  readonly fetch: Fetch;
  readonly clock: TransportClock;
  readonly log: OutcomeLogLines;
}

const cost = { weight: 1, orders: 0 } as const;
const TIME: VenueRequest = { method: "GET", path: "/fapi/v1/time", query: "", security: "none", cost };
const INFO: VenueRequest = { ...TIME, path: "/fapi/v1/exchangeInfo" };

/** The part of the port that is enough to look and to leave. */
export type Venue = Omit<Exchange, keyof TradingMethods>;

/** An adapter for one account, and what it sends by. Sends nothing until it is asked to. Throws ModeHostError. */
export function openBinance(options: BinanceOptions): {
  readonly venue: Venue;
  readonly transport: VenueTransport;
} {
  const { mode, clock } = options;
  const address = venueAddress({ mode, restUrl: options.restUrl });
  if (address.faults.length > 0) throw new ModeHostError(address.faults);
  const venueClock = createVenueClock(clock);
  const budget = createRequestBudget({
    nowMs: venueClock.nowMs,
    monotonicMs: () => clock.monotonicMs(),
    exitReservePct: options.exitReservePct,
  });
  const outcomes = new OutcomeLog(options.log, () => clock.monotonicMs());
  const transport = createVenueTransport({
    baseUrl: address.restUrl,
    apiKey: options.apiKey,
    apiSecret: options.apiSecret,
    timeoutMs: options.requestTimeoutMs,
    fetch: options.fetch,
    clock,
    budget,
    venueNowMs: venueClock.nowMs,
    onOutcome: (outcome, request) => {
      outcomes.note(outcome, request);
      if (outcome.advice === "SYNC_CLOCK") void syncClock();
      // Otherwise the rules are as old as an hour, and whatever is sized or priced by them is refused for as long.
      if (request.method === "POST" && isFilterRefusal(outcome)) void market.refresh();
    },
    onAccepted: (request) => outcomes.accepted(request),
  });
  const syncClock = createClockSync(transport, venueClock);
  const market = createMarketRules(transport, budget);
  const account = createAccountMethods(transport);
  let facts: AccountFacts | undefined;
  const venue: Venue = {
    ...createOrderMethods(transport),
    ...account,
    mode,
    account: () => facts,
    rules: market.rules,
    refreshRules: market.refresh,
    serverNowMs: venueClock.nowMs,
    clockSkewMs: venueClock.skewMs,
    syncClock,
    admit: budget.admit,
    probe: shared(async () => {
      const reading = await account.readAccount();
      if (reading.ok) facts &&= { ...facts, hedgeMode: reading.value.hedgeMode };
      return reading;
    }),
    async connect() {
      // Only what is signed needs the venue's time; the rules are the longest to read, and wait for nothing.
      const clockReading = syncClock();
      const rules = market.refresh();
      const clockRead = await clockReading;
      const accountRead = clockRead.ok ? await account.readAccount() : clockRead;
      const rulesRead = await rules;
      if (!clockRead.ok) return clockRead;
      if (!rulesRead.ok) return rulesRead;
      if (accountRead.ok) facts = accountRead.value;
      return accountRead;
    },
  };
  return { venue, transport };
}

/** Callers that come while it is asked share the answer. */
function shared<T>(ask: () => Promise<T>): () => Promise<T> {
  let running: Promise<T> | undefined;
  return () => {
    running ??= ask().finally(() => {
      running = undefined;
    });
    return running;
  };
}

/** Measures the venue's clock. */
function createClockSync(
  transport: VenueTransport,
  venueClock: VenueClock,
): () => Promise<Reading<ClockSample>> {
  return shared(async () => {
    const reply = await transport.send(TIME);
    const reading = readReply(TIME, reply, serverTimeSchema);
    if (!reading.ok) return reading;
    if (!reply.ok) return reply;
    const { askedAtMs, receivedAtMs } = reply;
    const { serverTime: serverMs } = reading.value;
    return { ok: true, value: venueClock.observe({ serverMs, askedAtMs, receivedAtMs }) };
  });
}

/** The rules of every symbol, replaced as a whole. */
function createMarketRules(transport: VenueTransport, budget: RequestBudget) {
  let rules: ReadonlyMap<string, SymbolRules> = new Map();
  return {
    rules: (symbol: string) => rules.get(symbol),
    refresh: shared(async (): Promise<Reading<number>> => {
      const reading = readReply(INFO, await transport.send(INFO), exchangeInfoSchema);
      if (!reading.ok) return reading;
      const read = reading.value.symbols.map(readSymbolRules).filter((one) => one !== undefined);
      if (read.length === 0) return { ok: false, outcome: misfit(INFO, "no symbol with readable filters") };
      budget.setLimits(reading.value.rateLimits);
      rules = new Map(read.map((one) => [one.symbol, one]));
      return { ok: true, value: rules.size };
    }),
  };
}
