import { deadLetterStreamOf, keysOf } from "../contract/keys.ts";

/**
 * The names an admission touches besides the streams in its KEYS, as a Lua local: the library puts the caller's
 * namespace in front. Sending them with every call cost a tenth of an admission, on both sides.
 */
export function admissionNamesInLua(): string {
  const keys = keysOf("");
  const names = {
    decision_stream: keys.decisionStream,
    dead_letters: deadLetterStreamOf(keys.decisionStream),
    fault_stream: keys.faultStream,
    dedup: keys.messageDedupPrefix,
    kill: keys.kill,
    trading_state: keys.tradingState,
    safe_mode: keys.safeMode,
    episode: keys.safeModeEpisode,
    daily: keys.dailyTradesPrefix,
    rate_global: keys.rateGlobalPrefix,
    rate_symbol: keys.rateSymbolPrefix,
    rate_symbols: keys.rateSymbolsPrefix,
    window_global: keys.windowGlobal,
    window_symbol: keys.windowSymbolPrefix,
    statistics: `${keys.statsPrefix}ai-strategy-router`,
  };
  const rows = Object.entries(names).map(([name, key]) => `  ${name} = '${key}',`);
  return ["local ADMISSION_NAMES = {", ...rows, "}"].join("\n");
}
