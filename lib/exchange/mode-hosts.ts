/**
 * Which hosts a trading mode may talk to.
 *
 * Invariants
 * 1. PAPER reaches this machine alone, TESTNET the test hosts alone, LIVE the live hosts alone; the last
 *    two encrypted only. A paper configuration can never trade real money.
 * 2. Hosts are compared whole, after the URL was parsed: no prefix, suffix or user-info trick passes.
 */
import type { TradingMode } from "../contract/trading-mode.ts";

/** Source: the venue's general information; the older testnet name still answers. */
const REST_HOSTS = {
  TESTNET: ["demo-fapi.binance.com", "testnet.binancefuture.com"],
  LIVE: ["fapi.binance.com"],
} as const;
const STREAM_HOSTS = {
  TESTNET: ["fstream.binancefuture.com", "demo-fstream.binance.com", "stream.binancefuture.com"],
  LIVE: ["fstream.binance.com"],
} as const;

const DEFAULTS = {
  PAPER: { restUrl: "http://127.0.0.1:8099", wsUrl: "ws://127.0.0.1:8099" },
  TESTNET: { restUrl: "https://demo-fapi.binance.com", wsUrl: "wss://fstream.binancefuture.com" },
  LIVE: { restUrl: "https://fapi.binance.com", wsUrl: "wss://fstream.binance.com" },
} as const satisfies Record<TradingMode, { restUrl: string; wsUrl: string }>;

const LOOPBACK = /^(?:127(?:\.\d{1,3}){3}|localhost|\[::1\])$/;

/** Fits the configuration reader's fault. */
export interface AddressFault {
  readonly name: "EXCHANGE_REST_URL" | "EXCHANGE_WS_URL";
  readonly got: string;
  readonly expected: string;
}

export interface VenueAddress {
  /** Without a trailing slash. */
  readonly restUrl: string;
  readonly wsUrl: string;
  /** Empty: the addresses fit the mode. */
  readonly faults: readonly AddressFault[];
}

/** The venue's addresses, by mode where they are not given, and everything that is wrong with them. */
export function venueAddress(input: {
  readonly mode: TradingMode;
  readonly restUrl?: string | undefined;
  readonly wsUrl?: string | undefined;
}): VenueAddress {
  const { mode } = input;
  const restUrl = (input.restUrl ?? DEFAULTS[mode].restUrl).replace(/\/+$/, "");
  const wsUrl = (input.wsUrl ?? DEFAULTS[mode].wsUrl).replace(/\/+$/, "");
  const faults = [
    faultOf({
      name: "EXCHANGE_REST_URL",
      url: restUrl,
      mode,
      schemes: ["http:", "https:"],
      hosts: REST_HOSTS,
    }),
    faultOf({ name: "EXCHANGE_WS_URL", url: wsUrl, mode, schemes: ["ws:", "wss:"], hosts: STREAM_HOSTS }),
  ].filter((fault) => fault !== undefined);
  return { restUrl, wsUrl, faults };
}

function faultOf(check: {
  readonly name: AddressFault["name"];
  readonly url: string;
  readonly mode: TradingMode;
  /** Plain, then encrypted. */
  readonly schemes: readonly [string, string];
  readonly hosts: Readonly<Record<"TESTNET" | "LIVE", readonly string[]>>;
}): AddressFault | undefined {
  const { name, mode, schemes, hosts } = check;
  const expected =
    mode === "PAPER"
      ? "an address of this machine (127.0.0.1, localhost or [::1]), because TRADING_MODE is PAPER"
      : `${schemes[1]}//${hosts[mode].join(` or ${schemes[1]}//`)}, because TRADING_MODE is ${mode}`;
  if (!URL.canParse(check.url)) return { name, got: "no URL", expected };
  const url = new URL(check.url);
  const bare =
    url.username === "" && url.password === "" && url.pathname === "/" && url.search + url.hash === "";
  const schemeFits = url.protocol === schemes[1] || (mode === "PAPER" && url.protocol === schemes[0]);
  const hostFits = mode === "PAPER" ? LOOPBACK.test(url.hostname) : hosts[mode].includes(url.host);
  return bare && schemeFits && hostFits ? undefined : { name, got: `${url.protocol}//${url.host}`, expected };
}

/** A venue adapter was asked for with addresses that do not fit its mode. Nothing was sent. */
export class ModeHostError extends Error {
  readonly code = "MODE_HOST";
  readonly hint = "correct TRADING_MODE or the EXCHANGE_*_URL; a mode only talks to its own hosts";
  readonly faults: readonly AddressFault[];
  constructor(faults: readonly AddressFault[]) {
    super(faults.map(({ name, got, expected }) => `${name} is ${got}, expected ${expected}`).join("; "));
    this.name = "ModeHostError";
    this.faults = faults;
  }
}
