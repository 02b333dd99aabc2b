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

/** Letters and digits of any script and underscores, 1 to 32: the venue names contracts in Chinese, too. */
export function isSymbol(text: unknown): boolean {
  if (typeof text !== "string") return false;
  const characters = [...text];
  const isNamed = (one: string) => one === "_" || /\p{L}|\p{N}/u.test(one);
  return characters.length >= 1 && characters.length <= 32 && characters.every(isNamed);
}

export const isShare = (value: unknown) => typeof value === "number" && value >= 0 && value <= 1;
