/**
 * Mark prices of all symbols, as fresh as the venue gives them.
 *
 * Invariants
 * 1. A price is as old as the book of marks (mark-book.ts) says, whichever of stream and REST it came by.
 * 2. A stream that is silent for 2 s, or says only what is as old, is helped out by REST; for 10 s, it is opened anew.
 *    So is one that leaves out a symbol that matters, for that symbol alone.
 *
 * Life cycle: `run(signal)` keeps stream and fallback going until the signal aborts; both are closed when it
 * resolves. It never rejects.
 */

import { z } from "zod";
import { parseJson } from "../contract/json-text.ts";
import type { TradingMode } from "../contract/trading-mode.ts";
import type { Exchange } from "./exchange.ts";
import { type AgedMarkPrice, MarkBook } from "./mark-book.ts";
import { ModeHostError, venueAddress } from "./mode-hosts.ts";

export interface MarkPrices {
  markOf(symbol: string): AgedMarkPrice | undefined;
  /** The age of the newest price, from stream or REST; Infinity before the first. */
  silenceMs(): number;
  /** Whether prices come from the stream now (REST otherwise). */
  streaming(): boolean;
  run(signal: AbortSignal): Promise<void>;
}

interface MarkPriceOptions {
  readonly mode: TradingMode;
  /** Default: the mode's own. */
  readonly wsUrl?: string | undefined;
  readonly exchange: Pick<Exchange, "premiumIndex" | "serverNowMs" | "clockSkewMs">;
  /** Symbols that matter: REST is asked for these alone while they are few. */
  readonly symbols?: () => readonly string[];
  readonly openSocket: (url: string) => WebSocket;
  readonly clock: {
    monotonicMs(): number;
    sleep(ms: number, signal?: AbortSignal): Promise<void>;
  };
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
}

const STREAM = "!markPrice@arr@1s";
const SILENT_MS_MAX = 2000;
const DEAD_MS_MAX = 10_000;
/** Marks come once a second: an older one is asked for before it counts as stale. */
const LEFT_OUT_MS_MAX = 1500;
/** How often silence is looked at, and REST asked while it lasts. */
const LOOK_EVERY_MS = 250;
const ASK_EVERY_MS = 1000;
const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_LAST_MS = 5000;
/** All symbols at once weigh ten single ones. */
const SINGLE_ASKS_MAX = 9;

/** Marks are read one by one: one that is none must not hide the others. */
const streamSchema = z.array(z.unknown());
const markSchema = z.object({ s: z.string(), p: z.string(), E: z.number().int() });

/** Live splits its streams by kind; the testnet still has the one path. The paper exchange takes both. */
const streamPath = (mode: TradingMode) => (mode === "TESTNET" ? `/ws/${STREAM}` : `/market/ws/${STREAM}`);

/** Prices that arrive once `run` was called. Opens nothing by being made. Throws ModeHostError. */
export function createMarkPrices(options: MarkPriceOptions): MarkPrices {
  const { clock, exchange, mode } = options;
  const address = venueAddress({ mode, wsUrl: options.wsUrl });
  if (address.faults.length > 0) throw new ModeHostError(address.faults);
  const marks = new MarkBook(exchange, clock);
  let lastStreamMs = Number.NEGATIVE_INFINITY;

  function receiveMessage(data: unknown): void {
    for (const { s, p, E } of marksOf(data)) {
      lastStreamMs = Math.max(lastStreamMs, marks.receive(s, p, E) ?? lastStreamMs);
    }
  }

  /** One connection, until it closes, falls silent or the signal aborts. */
  async function stream(signal: AbortSignal): Promise<void> {
    const ended = new AbortController();
    const end = () => ended.abort();
    const socket = options.openSocket(`${address.wsUrl}${streamPath(mode)}`);
    socket.addEventListener("message", (event) => receiveMessage(event.data));
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
    signal.addEventListener("abort", end, { once: true });
    const openedAtMs = clock.monotonicMs();
    while (!ended.signal.aborted && !signal.aborted) {
      await clock.sleep(LOOK_EVERY_MS, ended.signal);
      if (clock.monotonicMs() - Math.max(openedAtMs, lastStreamMs) > DEAD_MS_MAX) end();
    }
    signal.removeEventListener("abort", end);
    socket.close();
  }

  async function keepStreaming(signal: AbortSignal): Promise<void> {
    let failures = 0;
    while (!signal.aborted) {
      const before = lastStreamMs;
      await stream(signal);
      if (signal.aborted) return;
      failures = lastStreamMs > before ? 0 : failures + 1;
      const ceilingMs = Math.min(BACK_OFF_FIRST_MS * 2 ** failures, BACK_OFF_LAST_MS);
      const waitMs = ceilingMs * (0.5 + options.random() / 2);
      options.log.warn(
        { failures, waitMs: Math.round(waitMs) },
        "mark price stream closed, opening it again",
      );
      await clock.sleep(waitMs, signal);
    }
  }

  async function ask(wanted: readonly string[]): Promise<void> {
    const few = wanted.length > 0 && wanted.length <= SINGLE_ASKS_MAX;
    const asks = few ? wanted.map((symbol) => exchange.premiumIndex(symbol)) : [exchange.premiumIndex()];
    for (const reading of await Promise.all(asks)) {
      if (!reading.ok) continue;
      for (const mark of reading.value) marks.receive(mark.symbol, mark.price, mark.eventMs);
    }
  }

  const isLeftOut = (symbol: string) =>
    (marks.markOf(symbol)?.ageMs ?? Number.POSITIVE_INFINITY) > LEFT_OUT_MS_MAX;

  async function helpOut(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      const silent = clock.monotonicMs() - lastStreamMs > SILENT_MS_MAX;
      const wanted = options.symbols?.() ?? [];
      const asked = silent ? wanted : wanted.filter(isLeftOut);
      const due = silent || asked.length > 0;
      if (due) await ask(asked);
      await clock.sleep(due ? ASK_EVERY_MS : LOOK_EVERY_MS, signal);
    }
  }

  return {
    markOf: (symbol) => marks.markOf(symbol),
    silenceMs: () => marks.silenceMs(),
    streaming: () => clock.monotonicMs() - lastStreamMs <= SILENT_MS_MAX,
    async run(signal) {
      await Promise.all([keepStreaming(signal), helpOut(signal)]);
    },
  };
}

/** The marks of a message; none of what is no such message. */
function marksOf(data: unknown): readonly z.output<typeof markSchema>[] {
  const list = streamSchema.safeParse(parseJson(data)).data ?? [];
  return list.flatMap((one) => {
    const mark = markSchema.safeParse(one);
    return mark.success ? [mark.data] : [];
  });
}
