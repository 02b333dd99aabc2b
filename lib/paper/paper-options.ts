import Big from "big.js";
import { listInstruments } from "./engine/instruments.ts";
import { faultScriptSchema } from "./faults/fault-script.ts";
import { loadRecording, type Recording, RecordingError, symbolOfFile } from "./market/recording.ts";
import type { PaperExchangeOptions } from "./paper-exchange.ts";
import type { PaperSettings } from "./settings.ts";

/** Settings (percent, seconds, texts) turned into what the venue computes with; recordings and faults come beside. */
export function paperOptions(
  settings: PaperSettings,
  loaded: Pick<PaperExchangeOptions, "faults" | "clock"> & {
    readonly recordings: ReadonlyMap<string, Recording>;
  },
): PaperExchangeOptions {
  return {
    terms: {
      instruments: listInstruments(settings.PAPER_EXTRA_SYMBOLS),
      startBalanceUsd: new Big(settings.PAPER_BALANCE_USD),
      makerRate: fraction(settings.PAPER_MAKER_FEE_PCT),
      takerRate: fraction(settings.PAPER_TAKER_FEE_PCT),
      fundingRate: fraction(settings.PAPER_FUNDING_PCT),
      fundingIntervalMs: settings.PAPER_FUNDING_INTERVAL_SEC * 1000,
      leverage: settings.PAPER_LEVERAGE,
      book: {
        levels: settings.PAPER_BOOK_LEVELS,
        levelUsd: new Big(settings.PAPER_LEVEL_USD),
        levelStepBps: new Big(settings.PAPER_LEVEL_STEP_BPS),
        slippageBps: new Big(settings.PAPER_SLIPPAGE_BPS),
      },
    },
    accountAlias: settings.PAPER_ACCOUNT_ALIAS,
    apiKey: settings.PAPER_API_KEY,
    apiSecret: settings.PAPER_API_SECRET,
    limits: {
      weightPerMinute: settings.PAPER_WEIGHT_LIMIT_1M,
      ordersPer10Sec: settings.PAPER_ORDER_LIMIT_10S,
      ordersPerMinute: settings.PAPER_ORDER_LIMIT_1M,
      offencesBeforeBan: settings.PAPER_BAN_AFTER,
      banSec: settings.PAPER_BAN_SEC,
    },
    market: {
      seed: settings.PAPER_SEED,
      speed: settings.PAPER_SPEED,
      spreadBps: new Big(settings.PAPER_SPREAD_BPS),
      tickMs: settings.PAPER_TICK_MS,
      recordings: loaded.recordings,
    },
    faults: loaded.faults,
    listenKeyLifetimeMs: settings.PAPER_LISTEN_KEY_SEC * 1000,
    clock: loaded.clock,
  };
}

/** The recording of PAPER_PRICES by its symbol. Throws RecordingError. */
export async function loadRecordings(
  settings: Pick<PaperSettings, "PAPER_PRICES" | "PAPER_PRICES_SYMBOL" | "PAPER_EXTRA_SYMBOLS">,
): Promise<ReadonlyMap<string, Recording>> {
  const path = settings.PAPER_PRICES;
  if (path === undefined) return new Map();
  const known = listInstruments(settings.PAPER_EXTRA_SYMBOLS).map((instrument) => instrument.symbol);
  const symbol = settings.PAPER_PRICES_SYMBOL ?? symbolOfFile(path, known);
  if (symbol === undefined || !known.includes(symbol)) {
    throw new RecordingError(`PAPER_PRICES_SYMBOL must name the contract ${path} is of`);
  }
  return new Map([[symbol, await loadRecording(path)]]);
}

/** The script of PAPER_FAULTS. Throws what the file system, JSON or the schema has to say. */
export async function loadFaults(path: string | undefined): Promise<PaperExchangeOptions["faults"]> {
  return path === undefined ? undefined : faultScriptSchema.parse(await Bun.file(path).json());
}

/** Percent to a fraction: "0.04" is 0.0004. */
function fraction(percent: string): Big {
  return new Big(percent).div(100);
}
