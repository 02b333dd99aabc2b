/**
 * The whole number after `--name`. Throws RangeError in words for whoever typed it: a run of no kills, which is what
 * NaN comes to, would pass.
 */
export function wholeOption(
  name: string,
  text: string,
  { min = 1, max = 999_999_999 }: { readonly min?: number; readonly max?: number } = {},
): number {
  const value = Number(text);
  if (/^\d{1,9}$/.test(text) && value >= min && value <= max) return value;
  throw new RangeError(`--${name}: ${JSON.stringify(text)} is not a whole number from ${min} to ${max}`);
}
