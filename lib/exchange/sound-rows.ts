import type { ListReading } from "./exchange.ts";

/** What of a list may be acted on; undefined: none of it was read. That a row is missing in it says nothing. */
export function soundRows<T>(reading: ListReading<T> | undefined): readonly T[] | undefined {
  return reading?.ok === true ? reading.value : reading?.sound;
}
