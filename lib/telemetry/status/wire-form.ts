/** A value as it leaves the process: names in snake_case as in all our JSON, what is not known null. */
export function wireForm(value: unknown): unknown {
  if (value === undefined) return null;
  if (Array.isArray(value)) return value.map(wireForm);
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, held]) => [snake(name), wireForm(held)]));
}

function snake(name: string): string {
  return name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
