import type Big from "big.js";
import type { Rejection } from "../engine/rejection.ts";
import type { VenueState } from "../engine/venue-state.ts";
import type { MarketTape } from "../market/market-tape.ts";
import type { ListenKey } from "../streams/listen-key.ts";
import type { Params } from "../wire/params.ts";
import type { RateLimitSettings } from "./rate-limits.ts";

/** One request, let in and decoded, at the venue's time. */
export interface VenueCall {
  readonly state: VenueState;
  readonly nowMs: number;
  readonly params: Params;
  readonly venue: VenueFacts;
  /** Fault script: the part of the quantity a taker gets. */
  readonly fillFraction: Big | undefined;
  /** The clock as the client is to see it: `nowMs` plus the fault script's skew. */
  readonly shownMs: number;
}

/** What endpoints need beside the account. */
export interface VenueFacts {
  readonly accountAlias: string;
  readonly limits: RateLimitSettings;
  readonly listenKey: ListenKey;
  readonly tape: MarketTape;
}

export interface Endpoint {
  /** What it costs of the 2400 a minute. */
  readonly weight: number | ((call: Params) => number);
  readonly security: "NONE" | "KEY" | "SIGNED";
  /** Counts against the order limits. */
  readonly isOrder?: true;
  handle(call: VenueCall): object | Rejection;
}

/** "METHOD /path" → endpoint. */
export type EndpointTable = Readonly<Record<string, Endpoint>>;
