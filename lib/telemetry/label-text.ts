const LENGTH_MAX = 64;

/** Text from Redis as a label value: whoever wrote it, it is short and printable. */
export function labelText(text: string): string {
  return text.replaceAll(/[^\x20-\x7e]/g, "?").slice(0, LENGTH_MAX);
}
