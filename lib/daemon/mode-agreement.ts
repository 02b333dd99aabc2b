import type { TradingMode } from "../contract/trading-mode.ts";
import type { ConfigurationFault } from "./configuration-fault.ts";

interface ModeSettings {
  readonly TRADING_MODE?: TradingMode | undefined;
  readonly BINANCE_TESTNET?: boolean | undefined;
  readonly USE_BINANCE_TESTNET?: boolean | undefined;
}

/** The earlier system's switches must say what TRADING_MODE says: on is TESTNET, off is anything else. */
export function modeDisagreements(settings: ModeSettings): readonly ConfigurationFault[] {
  const mode = settings.TRADING_MODE;
  if (mode === undefined) return [];
  const expected = mode === "TESTNET" ? "1 or not set" : "0 or not set";
  return (["BINANCE_TESTNET", "USE_BINANCE_TESTNET"] as const)
    .filter((name) => settings[name] !== undefined && settings[name] !== (mode === "TESTNET"))
    .map((name) => ({
      name,
      got: settings[name] ? "1" : "0",
      expected: `${expected}, because TRADING_MODE is ${mode}`,
    }));
}
