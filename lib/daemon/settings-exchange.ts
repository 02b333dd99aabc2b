import type { TradingMode } from "../contract/trading-mode.ts";
import type { ConfigurationFault } from "./configuration-fault.ts";
import type { SettingsOf } from "./daemon-spec.ts";
import type { Secret } from "./secret.ts";
import { integerSetting } from "./settings-number.ts";
import { optionalUrlSetting, secretSetting } from "./settings-secret.ts";

/** For roles that talk to the venue; spread it into their settings. Which URL fits which mode is the adapter's check. */
export const exchangeSettings = {
  EXCHANGE_REST_URL: optionalUrlSetting({
    schemes: ["http", "https"],
    description: "The venue's REST address. Default: by mode.",
  }),
  EXCHANGE_WS_URL: optionalUrlSetting({
    schemes: ["ws", "wss"],
    description: "The venue's stream address. Default: by mode.",
  }),
  BINANCE_API_KEY: secretSetting({
    credentialFile: "binance-api-key",
    description: "PAPER: `paper` when not set.",
  }),
  BINANCE_API_SECRET: secretSetting({
    credentialFile: "binance-api-secret",
    description: "PAPER: `paper` when not set.",
  }),
  RECV_WINDOW_MS: integerSetting({
    fallback: 2000,
    min: 100,
    max: 60_000,
    description:
      "How late an order may reach the venue, ms: it bounds how long an order can be in doubt. The same for every " +
      "role: the emergency exit worker takes its own for how long an entry signed before the halt may still arrive.",
  }),
  REQUEST_TIMEOUT_MS: integerSetting({
    fallback: 3000,
    min: 100,
    max: 60_000,
    description: "Deadline of one request to the venue, ms; an order without an answer by then is in doubt.",
  }),
  EXIT_RESERVE_PCT: integerSetting({
    fallback: 20,
    min: 0,
    max: 90,
    description: "Share of the venue's request limits that entries leave to exits, percent.",
  }),
} as const;

/** The simulated venue's. install.sh writes it for PAPER; left there after a change of the mode, the venue's own address refuses it. */
const PAPER_CREDENTIAL = "paper";

/** What a client of the venue is made with, besides the process's own `fetch`, clock and log. */
export function venueAccess(
  settings: SettingsOf<typeof exchangeSettings> & { readonly TRADING_MODE: TradingMode },
) {
  return {
    mode: settings.TRADING_MODE,
    restUrl: settings.EXCHANGE_REST_URL?.reveal(),
    apiKey: settings.BINANCE_API_KEY?.reveal() ?? PAPER_CREDENTIAL,
    apiSecret: settings.BINANCE_API_SECRET?.reveal() ?? PAPER_CREDENTIAL,
    requestTimeoutMs: settings.REQUEST_TIMEOUT_MS,
    exitReservePct: settings.EXIT_RESERVE_PCT,
  };
}

/** PAPER has keys of its own; everywhere else an order without credentials is a fault of the configuration. */
export function credentialFaults(settings: {
  readonly TRADING_MODE?: TradingMode | undefined;
  readonly BINANCE_API_KEY?: Secret | undefined;
  readonly BINANCE_API_SECRET?: Secret | undefined;
  readonly EXCHANGE_REST_URL?: unknown;
}): readonly ConfigurationFault[] {
  const { TRADING_MODE: mode } = settings;
  if (mode === undefined || mode === "PAPER") return [];
  // Behind an address of somebody's own a key may be called anything.
  const namesPaper = (given: Secret) =>
    settings.EXCHANGE_REST_URL === undefined && given.reveal() === PAPER_CREDENTIAL;
  return (["BINANCE_API_KEY", "BINANCE_API_SECRET"] as const).flatMap((name) => {
    const given = settings[name];
    if (given !== undefined && !namesPaper(given)) return [];
    const expected = `the account's credentials, because TRADING_MODE is ${mode}`;
    return [
      { name, got: given === undefined ? undefined : `${PAPER_CREDENTIAL}, the simulated venue's`, expected },
    ];
  });
}
