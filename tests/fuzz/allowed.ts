/**
 * What the contract allows, stated a second time and without the code that enforces it: fuzz targets hold what
 * a decoder accepts against these.
 */

/** A plain decimal that a price or a quantity may be: no exponent, no sign, finite, below 10^15. */
export function isAmount(text: unknown): boolean {
  if (typeof text !== "string" || text.length > 64) return false;
  const [whole = "", part = "", ...more] = text.split(".");
  const digits = (one: string) => [...one].every((letter) => letter >= "0" && letter <= "9");
  return more.length === 0 && whole.length >= 1 && whole.length <= 15 && digits(whole) && digits(part);
}

/** As an amount, and it may be negative. */
export function isSigned(text: unknown): boolean {
  return typeof text === "string" && isAmount(text.startsWith("-") ? text.slice(1) : text);
}

export const isNullOr = (allowed: (value: unknown) => boolean) => (value: unknown) =>
  value === null || value === undefined || allowed(value);

/** A time that every part of the system can write as ISO text. */
export function isInstant(ms: unknown): boolean {
  return typeof ms === "number" && Number.isInteger(ms) && !Number.isNaN(new Date(ms).getTime());
}

export const isWhole = (value: unknown, min: number, max: number) =>
  typeof value === "number" && Number.isInteger(value) && value >= min && value <= max;

/** Capital letters, digits and underscores, 2 to 32. */
export function isSymbol(text: unknown): boolean {
  if (typeof text !== "string" || text.length < 2 || text.length > 32) return false;
  return [...text].every((one) => (one >= "A" && one <= "Z") || (one >= "0" && one <= "9") || one === "_");
}

export const isShare = (value: unknown) => typeof value === "number" && value >= 0 && value <= 1;
