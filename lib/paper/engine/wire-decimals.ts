import type Big from "big.js";
import type { Instrument } from "./instrument.ts";

/** Decimal texts as the venue pads them: clients compare and parse them as strings. */
export function priceText(price: Big, instrument: Instrument): string {
  return price.toFixed(instrument.pricePrecision);
}

/** Base units, padded to the contract's quantity precision. */
export function qtyText(qty: Big, instrument: Instrument): string {
  return qty.toFixed(instrument.quantityPrecision);
}

/** Money and mark prices: always 8 decimals. */
export function moneyText(value: Big): string {
  return value.toFixed(8);
}

/** Averages: two decimals beyond the price's own, so that they can be told from a real price. */
export function averageText(value: Big, instrument: Instrument): string {
  return value.toFixed(Math.max(5, instrument.pricePrecision + 2));
}

/** Entry prices: at least the price's decimals, at most 8, without a tail of zeros. */
export function entryText(value: Big, instrument: Instrument): string {
  const text = value.round(8).toFixed();
  const decimals = text.includes(".") ? text.length - text.indexOf(".") - 1 : 0;
  return decimals < instrument.pricePrecision ? value.toFixed(instrument.pricePrecision) : text;
}
