import { z } from "zod";
import { decimalSetting, integerSetting, numberSetting } from "../daemon/settings-number.ts";
import { choiceSetting, optionalTextSetting, textSetting } from "../daemon/settings-text.ts";

const NAME = { pattern: /^[A-Za-z0-9._-]{1,64}$/, expected: "at most 64 of A-Z a-z 0-9 . _ -" };
const FILE = { pattern: /^\S.*$/, expected: "the path of a file" };

const accountSettings = {
  PAPER_API_KEY: textSetting({ ...NAME, fallback: "paper", description: "The API key it knows." }),
  PAPER_API_SECRET: textSetting({
    ...NAME,
    fallback: "paper",
    description: "The secret of that key. Nothing behind it is worth money.",
  }),
  PAPER_ACCOUNT_ALIAS: textSetting({
    ...NAME,
    fallback: "PaperAccount",
    description: "accountAlias in balance replies: the account's identity, whatever the key.",
  }),
  PAPER_BALANCE_USD: decimalSetting({
    fallback: "100000",
    min: "0",
    max: "1000000000",
    description: "Wallet balance at the start, USDT.",
  }),
  PAPER_LEVERAGE: integerSetting({
    fallback: 20,
    min: 1,
    max: 75,
    description: "Leverage of every symbol until it is set.",
  }),
};

const costSettings = {
  PAPER_MAKER_FEE_PCT: decimalSetting({
    fallback: "0.02",
    min: "0",
    max: "1",
    description: "Fee of a resting order's fill, percent of its notional.",
  }),
  PAPER_TAKER_FEE_PCT: decimalSetting({
    fallback: "0.04",
    min: "0",
    max: "1",
    description: "Fee of a fill at the market, percent of its notional.",
  }),
  PAPER_FUNDING_PCT: decimalSetting({
    fallback: "0.01",
    min: "-2",
    max: "2",
    description: "Funding rate an interval, percent; longs pay it to shorts when positive.",
  }),
  PAPER_FUNDING_INTERVAL_SEC: integerSetting({
    fallback: 28_800,
    min: 1,
    max: 86_400,
    description: "Funding at every multiple of this since midnight UTC, seconds.",
  }),
};

const marketSettings = {
  PAPER_EXTRA_SYMBOLS: integerSetting({
    fallback: 0,
    min: 0,
    max: 500,
    description: "Invented contracts SIM001USDT, SIM002USDT, … beside the six real ones.",
  }),
  PAPER_SEED: textSetting({ ...NAME, fallback: "1", description: "Seed of the generated market." }),
  PAPER_PRICES: optionalTextSetting({
    ...FILE,
    description: "A recorded market to play: one-minute bars or best quotes, .csv or .csv.gz.",
  }),
  PAPER_PRICES_SYMBOL: optionalTextSetting({
    pattern: /^[A-Z0-9]{5,20}$/,
    expected: "a symbol such as BTCUSDT",
    description: "The symbol PAPER_PRICES is of. Default: read from the file's name.",
  }),
  PAPER_SPEED: numberSetting({
    fallback: 1,
    min: 0,
    max: 1_000_000,
    description: "Market time runs so many times as fast as the clock; 0 stops the market.",
  }),
  PAPER_TICK_MS: integerSetting({
    fallback: 100,
    min: 1,
    max: 10_000,
    description: "How often due quotes are played, ms.",
  }),
  PAPER_SPREAD_BPS: decimalSetting({
    fallback: "0",
    min: "0",
    max: "500",
    description: "Spread around a generated or bar price, basis points; at least one tick.",
  }),
  PAPER_SLIPPAGE_BPS: decimalSetting({
    fallback: "0",
    min: "0",
    max: "500",
    description: "Extra cost of every taker fill, basis points, on top of the book it walks.",
  }),
  PAPER_BOOK_LEVELS: integerSetting({
    fallback: 20,
    min: 1,
    max: 100,
    description: "Price levels a side; a market order larger than all of them is filled in part.",
  }),
  PAPER_LEVEL_USD: decimalSetting({
    fallback: "500000",
    min: "1",
    max: "1000000000",
    description: "Notional on each price level, USD.",
  }),
  PAPER_LEVEL_STEP_BPS: decimalSetting({
    fallback: "0.5",
    min: "0",
    max: "100",
    description: "Distance between price levels, basis points; at least one tick.",
  }),
};

const venueSettings = {
  PAPER_WEIGHT_LIMIT_1M: integerSetting({
    fallback: 2400,
    min: 1,
    max: 100_000_000,
    description: "Request weight a minute before 429.",
  }),
  PAPER_ORDER_LIMIT_10S: integerSetting({
    fallback: 300,
    min: 1,
    max: 100_000_000,
    description: "Orders in 10 seconds before 429 with -1015.",
  }),
  PAPER_ORDER_LIMIT_1M: integerSetting({
    fallback: 1200,
    min: 1,
    max: 100_000_000,
    description: "Orders a minute before 429 with -1015.",
  }),
  PAPER_BAN_AFTER: integerSetting({
    fallback: 20,
    min: 1,
    max: 1_000_000,
    description: "Requests answered 429 in a row before the ban (418).",
  }),
  PAPER_BAN_SEC: integerSetting({
    fallback: 120,
    min: 1,
    max: 259_200,
    description: "Length of the first ban, seconds; each further one is twice as long, up to three days.",
  }),
  PAPER_LISTEN_KEY_SEC: integerSetting({
    fallback: 3600,
    min: 1,
    max: 86_400,
    description: "How long a listen key lives without being prolonged, seconds.",
  }),
  PAPER_FAULTS: optionalTextSetting({
    ...FILE,
    description: "A fault script (JSON) in force from the start; see docs of POST /paper/faults.",
  }),
};

/** The paper exchange trades in one mode only, so this is the one role whose mode has a default. */
const modeSettings = {
  TRADING_MODE: choiceSetting({
    choices: ["PAPER"],
    fallback: "PAPER",
    description: "The simulated venue exists in PAPER mode only.",
  }),
};

/** What the paper exchange is configured by. */
export const PAPER_SHAPE = {
  ...modeSettings,
  ...accountSettings,
  ...costSettings,
  ...marketSettings,
  ...venueSettings,
};

const paperSettingsSchema = z.object({
  ...accountSettings,
  ...costSettings,
  ...marketSettings,
  ...venueSettings,
});
export type PaperSettings = z.output<typeof paperSettingsSchema>;

/** Every setting at its default. */
export function defaultPaperSettings(): PaperSettings {
  return paperSettingsSchema.parse({});
}
