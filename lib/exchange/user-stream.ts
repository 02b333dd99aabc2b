/**
 * The account's user-data stream: tells of positions and orders at once, between two readings by REST.
 *
 * Invariants
 * 1. It is help, never the truth: what is missed while it is down or silent, the next REST reading shows.
 * 2. The listen key is shared by all processes of the account: extended, never deleted.
 * 3. A connection is renewed with its key every 30 min (a key lives 60): nobody can tell a stream that has
 *    nothing to say from a dead one.
 *
 * Life cycle: `run(signal)` keeps key and connection until the signal aborts. It never rejects.
 */

import { z } from "zod";
import { decimalTextSchema as decimal } from "../contract/decimal-text.ts";
import { parseJson } from "../contract/json-text.ts";
import type { TradingMode } from "../contract/trading-mode.ts";
import type { Exchange, PositionSide } from "./exchange.ts";
import { ModeHostError, venueAddress } from "./mode-hosts.ts";

/** Times are epoch ms on the venue's clock. */
export type UserEvent =
  | {
      readonly kind: "position";
      readonly symbol: string;
      readonly positionSide: PositionSide;
      /** Signed: negative is short, "0" flat. */
      readonly quantity: string;
      readonly entryPrice: string;
      readonly venueMs: number;
    }
  /** A plain order of the symbol took a step of its life; `begun` is the one with its first fill. */
  | {
      readonly kind: "order";
      readonly symbol: string;
      readonly clientOrderId: string;
      readonly begun: boolean;
      readonly venueMs: number;
    }
  /** The same of a conditional order. */
  | { readonly kind: "algo_order"; readonly symbol: string; readonly venueMs: number };

export interface UserStream {
  /** Whether events would arrive now. */
  connected(): boolean;
  run(signal: AbortSignal): Promise<void>;
}

interface UserStreamOptions {
  readonly mode: TradingMode;
  /** Default: the mode's own. */
  readonly wsUrl?: string | undefined;
  readonly exchange: Pick<Exchange, "openListenKey">;
  readonly openSocket: (url: string) => WebSocket;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  /** Uniform in [0, 1): jitter. */
  readonly random: () => number;
  readonly log: { info(fields: object, message: string): void; warn(fields: object, message: string): void };
  onEvent(event: UserEvent): void;
}

const RENEW_EVERY_MS = 30 * 60_000;
/** A connection that is taken and never answered ends by nothing else. */
const OPEN_WITHIN_MS = 10_000;
const BACK_OFF_FIRST_MS = 100;
const BACK_OFF_LAST_MS = 5000;

const positionSide = z.enum(["BOTH", "LONG", "SHORT"]);
const ms = z.number().int();
const leg = z.object({ s: z.string(), pa: decimal, ep: decimal, ps: positionSide });
const named = z.object({ s: z.string() });
/** `x` is what happened, `l` the quantity of this fill, `z` that of all so far. */
const step = z.object({ s: z.string(), c: z.string(), x: z.string(), l: decimal, z: decimal });
const messageSchema = z.discriminatedUnion("e", [
  z.object({ e: z.literal("ACCOUNT_UPDATE"), T: ms, a: z.object({ P: z.array(leg).optional() }) }),
  z.object({ e: z.literal("ORDER_TRADE_UPDATE"), T: ms, o: step }),
  z.object({ e: z.literal("ALGO_UPDATE"), T: ms, o: named }),
  z.object({ e: z.literal("listenKeyExpired") }),
]);

/** Live splits its streams by kind; the testnet still has the one path. The paper exchange takes both. */
function addressOf(mode: TradingMode, wsUrl: string, listenKey: string): string {
  return mode === "TESTNET" ? `${wsUrl}/ws/${listenKey}` : `${wsUrl}/private/ws?listenKey=${listenKey}`;
}

/** What a message of the stream says; "expired" when the key has ended. */
function eventsOf(data: unknown): readonly UserEvent[] | "expired" {
  const parsed = messageSchema.safeParse(parseJson(data));
  if (!parsed.success) return [];
  const message = parsed.data;
  switch (message.e) {
    case "listenKeyExpired":
      return "expired";
    case "ACCOUNT_UPDATE":
      return (message.a.P ?? []).map(({ s, pa, ep, ps }) => ({
        kind: "position",
        symbol: s,
        positionSide: ps,
        quantity: pa,
        entryPrice: ep,
        venueMs: message.T,
      }));
    case "ORDER_TRADE_UPDATE":
      return [orderStep(message.o, message.T)];
    case "ALGO_UPDATE":
      return [{ kind: "algo_order", symbol: message.o.s, venueMs: message.T }];
  }
}

function orderStep({ s, c, x, l, z }: z.infer<typeof step>, venueMs: number): UserEvent {
  return { kind: "order", symbol: s, clientOrderId: c, begun: x === "TRADE" && l === z, venueMs };
}

/** Nothing is asked or opened before `run`. Throws ModeHostError. */
export function createUserStream(options: UserStreamOptions): UserStream {
  const { mode, clock, log } = options;
  const address = venueAddress({ mode, wsUrl: options.wsUrl });
  if (address.faults.length > 0) throw new ModeHostError(address.faults);
  let open = false;

  /** One connection, until it closes, its key ends or is due, or the signal aborts. True: it was open once. */
  async function stream(listenKey: string, signal: AbortSignal): Promise<boolean> {
    const ended = new AbortController();
    const end = () => ended.abort();
    let opened = false;
    const socket = options.openSocket(addressOf(mode, address.wsUrl, listenKey));
    socket.addEventListener("open", () => {
      open = opened = true;
      log.info({}, "user-data stream is open");
    });
    socket.addEventListener("close", end);
    socket.addEventListener("error", end);
    socket.addEventListener("message", (event) => {
      const events = eventsOf(event.data);
      if (events === "expired") end();
      else for (const one of events) options.onEvent(one);
    });
    signal.addEventListener("abort", end, { once: true });
    await clock.sleep(OPEN_WITHIN_MS, ended.signal);
    if (opened && !ended.signal.aborted) await clock.sleep(RENEW_EVERY_MS, ended.signal);
    signal.removeEventListener("abort", end);
    open = false;
    socket.close();
    return opened;
  }

  return {
    connected: () => open,
    async run(signal) {
      let failures = 0;
      while (!signal.aborted) {
        // Asking for a key extends the one there is.
        const key = await options.exchange.openListenKey();
        const opened = key.ok && !signal.aborted && (await stream(key.value, signal));
        if (signal.aborted) return;
        failures = opened ? 0 : failures + 1;
        const ceilingMs = Math.min(BACK_OFF_FIRST_MS * 2 ** failures, BACK_OFF_LAST_MS);
        const waitMs = Math.round(ceilingMs * (0.5 + options.random() / 2));
        log.warn({ failures, waitMs }, "user-data stream ended, opening it again");
        await clock.sleep(waitMs, signal);
      }
    },
  };
}
