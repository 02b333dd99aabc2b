import type Big from "big.js";
import type { VenueTerms } from "./engine/venue-state.ts";
import { createFaultInjector } from "./faults/fault-injector.ts";
import type { FaultScript } from "./faults/fault-script.ts";
import { createAdminRoutes } from "./http/admin-routes.ts";
import type { Credentials } from "./http/authenticate.ts";
import { endpointTable } from "./http/endpoint-table.ts";
import { createRateLimits, type RateLimitSettings } from "./http/rate-limits.ts";
import { createRequestJournal } from "./http/request-journal.ts";
import { createGateway } from "./http/venue-gateway.ts";
import { generatedMarket } from "./market/generated-market.ts";
import { createMarketDriver } from "./market/market-driver.ts";
import type { MarketSource } from "./market/market-source.ts";
import { createMarketTape } from "./market/market-tape.ts";
import { recordedMarket } from "./market/recorded-market.ts";
import type { Recording } from "./market/recording.ts";
import { seededRandom } from "./seeded-random.ts";
import { createListenKey } from "./streams/listen-key.ts";
import { streamSocketHandler, upgradeToStream } from "./streams/socket-surface.ts";
import { createStreamHub } from "./streams/stream-hub.ts";
import { createStreamPublisher } from "./streams/stream-publisher.ts";
import { openSequencer } from "./venue-sequencer.ts";

/** Time as the venue takes it. */
export interface PaperClock {
  nowMs(): number;
  monotonicMs(): number;
  /** Epoch ms with microseconds: when a request arrived. */
  preciseMs(): number;
  sleep(ms: number, signal?: AbortSignal): Promise<void>;
}

export interface PaperExchangeOptions {
  readonly terms: VenueTerms;
  /** The account's identity in balance replies, whatever the API key. */
  readonly accountAlias: string;
  readonly apiKey: string;
  readonly apiSecret: string;
  readonly limits: RateLimitSettings;
  readonly market: MarketSettings;
  readonly faults?: FaultScript | undefined;
  readonly listenKeyLifetimeMs: number;
  readonly clock: PaperClock;
}

export interface MarketSettings {
  readonly seed: string;
  /** Market time runs so many times as fast as the clock. */
  readonly speed: number;
  readonly spreadBps: Big;
  /** How often what is due is played, ms. */
  readonly tickMs: number;
  /** Recordings by symbol; every other symbol follows the generator. */
  readonly recordings: ReadonlyMap<string, Recording>;
}

/** The venue without a server around it: its HTTP and WebSocket surface, and the loop that moves it. */
export interface PaperVenue {
  fetch(request: Request, server: Bun.Server<unknown>): Response | undefined | Promise<Response>;
  readonly websocket: Bun.WebSocketHandler<unknown>;
  /** Moves market and clock until the signal aborts; `beat` after every turn. */
  run(signal: AbortSignal, beat: () => void): Promise<void>;
}

/** Puts the parts together; nothing runs yet. */
export function createPaperVenue(options: PaperExchangeOptions): PaperVenue {
  const { clock, terms, limits: limitSettings } = options;
  const hub = createStreamHub();
  const tape = createMarketTape();
  const listenKey = createListenKey(options.listenKeyLifetimeMs, seededRandom(`listen/${clock.preciseMs()}`));
  const publisher = createStreamPublisher(hub, listenKey);
  const sequencer = openSequencer({
    terms,
    nowMs: () => clock.nowMs(),
    deliver: (events) => publisher.userEvents(events),
  });
  const faults = createFaultInjector(options.faults);
  const limits = createRateLimits(limitSettings);
  const journal = createRequestJournal();
  const credentials: Credentials = {
    secrets: new Map([[options.apiKey, options.apiSecret]]),
    forbidden: false,
  };
  const facts = { accountAlias: options.accountAlias, limits: limitSettings, listenKey, tape };
  const quoteTerms = { book: terms.book, spreadBps: options.market.spreadBps };
  const driver = createMarketDriver({
    sources: sourcesOf(options),
    terms: quoteTerms,
    speed: options.market.speed,
    sequencer,
    tape,
    publisher,
  });
  const gateway = createGateway({
    endpoints: endpointTable(),
    sequencer,
    facts,
    credentials,
    limits,
    faults,
    journal,
    preciseMs: () => clock.preciseMs(),
    sleep: (ms) => clock.sleep(ms),
  });
  const endKey = (key: string | undefined) => {
    if (key !== undefined) publisher.keyExpired(key, clock.nowMs());
    return key;
  };
  const expireListenKey = () => endKey(listenKey.close());
  const admin = createAdminRoutes({
    sequencer,
    facts,
    credentials,
    limits,
    faults,
    journal,
    driver,
    hub,
    expireListenKey,
  });

  return {
    fetch: (request, server) => {
      if (request.headers.get("upgrade") !== null) return upgradeToStream(request, server, listenKey);
      return isAdminPath(request.url) ? Promise.resolve(admin.fetch(request)) : gateway(request);
    },
    websocket: streamSocketHandler(hub),
    run: async (signal, beat) => {
      let nextMarksMs = clock.monotonicMs();
      while (!signal.aborted) {
        const monotonicMs = clock.monotonicMs();
        driver.step(monotonicMs);
        if (monotonicMs >= nextMarksMs) {
          nextMarksMs = monotonicMs + MARKS_EVERY_MS;
          sequencer.act((state, nowMs) => publisher.markPrices(state, nowMs));
          endKey(listenKey.expired(clock.nowMs()));
        }
        beat();
        await clock.sleep(options.market.tickMs, signal);
      }
      hub.dropAll();
    },
  };
}

const MARKS_EVERY_MS = 1000;

function isAdminPath(url: string): boolean {
  return url.startsWith("/paper/", url.indexOf("/", url.indexOf("//") + 2));
}

function sourcesOf(options: PaperExchangeOptions): readonly MarketSource[] {
  const { terms, market } = options;
  const quoteTerms = { book: terms.book, spreadBps: market.spreadBps };
  return terms.instruments.map((instrument) => {
    const recording = market.recordings.get(instrument.symbol);
    return recording === undefined
      ? generatedMarket(instrument, quoteTerms, market.seed)
      : recordedMarket({ instrument, terms: quoteTerms, recording });
  });
}
