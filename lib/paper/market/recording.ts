import Big from "big.js";

/** A row of a recorded market; `values` are decimal texts: open, high, low, close, or bid, size, ask, size. */
export interface RecordedRow {
  readonly timeMs: number;
  readonly values: readonly string[];
}

export interface Recording {
  readonly kind: "bars" | "quotes";
  readonly startMs: number;
  readonly rows: readonly RecordedRow[];
}

/** The recording cannot be played; `hint` says what a good one looks like. */
export class RecordingError extends Error {
  readonly code = "RECORDING";
  readonly hint =
    "Either one-minute bars (timestamp,open,high,low,close,volume) or best quotes " +
    "(event_time_ms,bid_price,bid_qty,ask_price,ask_qty), with a header line, .csv or .csv.gz.";
}

const BARS = "timestamp,open,high,low,close,volume";
const QUOTES = "event_time_ms,bid_price,bid_qty,ask_price,ask_qty";

/** Reads a CSV file, gzipped or not. Throws RecordingError when it is not a recording. */
export async function loadRecording(path: string): Promise<Recording> {
  const file = Bun.file(path);
  if (!(await file.exists())) throw new RecordingError(`there is no file ${path}`);
  const bytes = await file.bytes();
  const plain = path.endsWith(".gz") ? Bun.gunzipSync(bytes) : bytes;
  return parseRecording(new TextDecoder().decode(plain));
}

/** The text of a recording; every row is checked, and times may not go back. */
export function parseRecording(text: string): Recording {
  const [header = "", ...lines] = text.split("\n").map((line) => line.trim());
  const kind = header === BARS ? "bars" : header === QUOTES ? "quotes" : undefined;
  if (kind === undefined) throw new RecordingError(`unknown header line: ${header.slice(0, 80)}`);
  const rows: RecordedRow[] = [];
  for (const [index, line] of lines.entries()) {
    if (line === "") continue;
    const row = parseRow(line, kind);
    const previous = rows.at(-1);
    if (row === undefined || (previous !== undefined && row.timeMs < previous.timeMs)) {
      throw new RecordingError(`line ${index + 2} is not a row, or goes back in time: ${line.slice(0, 80)}`);
    }
    rows.push(row);
  }
  const first = rows[0];
  if (first === undefined) throw new RecordingError("the recording has no rows");
  return { kind, startMs: first.timeMs, rows };
}

function parseRow(line: string, kind: "bars" | "quotes"): RecordedRow | undefined {
  const [time = "", ...values] = line.split(",");
  const timeMs = kind === "bars" ? Date.parse(`${time.replace(" ", "T").slice(0, 23)}Z`) : Number(time);
  const prices = values.slice(0, 4);
  const whole = prices.length === 4 && prices.every(isPositive);
  return Number.isSafeInteger(timeMs) && whole ? { timeMs, values: prices } : undefined;
}

function isPositive(text: string): boolean {
  return /^\d+(?:\.\d+)?$/.test(text) && new Big(text).gt(0);
}

/** The contract a file name speaks of: `…-btcusdt-…` or `btc-perp-…`; undefined when it names none. */
export function symbolOfFile(path: string, known: readonly string[]): string | undefined {
  const name = path.slice(path.lastIndexOf("/") + 1).toUpperCase();
  const parts = name.split(/[^A-Z0-9]+/);
  return known.find((symbol) => parts.includes(symbol) || parts.includes(symbol.replace(/USDT$/, "")));
}
