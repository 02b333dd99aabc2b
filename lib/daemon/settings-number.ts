import Big from "big.js";
import { canonicalDecimal } from "../contract/decimal-text.ts";
import { settingSchema } from "./setting-schema.ts";

interface NumberBounds {
  readonly description: string;
  /** Absent: the setting is required. */
  readonly fallback?: number;
  readonly min: number;
  readonly max: number;
}

interface DecimalBounds {
  readonly description: string;
  readonly fallback?: string;
  readonly min: string;
  readonly max: string;
}

const WHOLE = /^-?\d{1,15}$/;
const DECIMAL = /^-?\d{1,15}(?:\.\d{1,15})?$/;

/** A whole number in decimal digits: no sign but minus, no exponent, no blank. */
export function integerSetting(bounds: NumberBounds) {
  return boundedNumber(bounds, WHOLE, "a whole number");
}

/** The same, undefined where it is not set. */
export function optionalIntegerSetting(bounds: Omit<NumberBounds, "fallback">) {
  const { min, max, description } = bounds;
  return settingSchema(
    { read: readerOf(bounds, WHOLE), whenAbsent: () => undefined },
    { description, expected: `a whole number from ${min} to ${max}` },
  );
}

/** A number that no money is computed from: a ratio, seconds. Decimal digits, no exponent. */
export function numberSetting(bounds: NumberBounds) {
  return boundedNumber(bounds, DECIMAL, "a number");
}

/** A decimal that money is computed from: stays text (canonical), for big.js. */
export function decimalSetting(bounds: DecimalBounds) {
  const { min, max, fallback, description } = bounds;
  const read = (text: string) => {
    const decimal = DECIMAL.test(text) ? canonicalDecimal(text) : undefined;
    if (decimal === undefined) return undefined;
    const value = new Big(decimal);
    return value.gte(min) && value.lte(max) ? decimal : undefined;
  };
  return settingSchema(
    { read, whenAbsent: fallback === undefined ? undefined : () => fallback },
    { description, expected: `a decimal number from ${min} to ${max}`, fallback },
  );
}

function boundedNumber(bounds: NumberBounds, pattern: RegExp, words: string) {
  const { min, max, fallback, description } = bounds;
  return settingSchema(
    { read: readerOf(bounds, pattern), whenAbsent: fallback === undefined ? undefined : () => fallback },
    { description, expected: `${words} from ${min} to ${max}`, fallback: fallback?.toString() },
  );
}

function readerOf({ min, max }: NumberBounds, pattern: RegExp) {
  return (text: string) => {
    const value = pattern.test(text) ? Number(text) : Number.NaN;
    return value >= min && value <= max ? value : undefined;
  };
}
