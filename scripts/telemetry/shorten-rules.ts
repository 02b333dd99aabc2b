/**
 * Rule files for a rehearsal: every evaluation interval and every `for:` divided, nothing else touched, so that
 * what fires within seconds has the expressions, labels and texts that are shipped. At least 1 s each.
 */
export function shortenRules(text: string, divisor: number): string {
  return text.replaceAll(
    /^(\s+(?:interval|for): )(\d+)(s|m|h)$/gm,
    (_line, name: string, count: string, unit: string) => {
      const seconds = Number(count) * (unit === "h" ? 3600 : unit === "m" ? 60 : 1);
      return `${name}${Math.max(1, Math.round(seconds / divisor))}s`;
    },
  );
}
