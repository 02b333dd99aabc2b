/** 12 345.6 → "12 346", 3.14159 → "3.14": three digits where they mean something. */
export function figureText(value: number): string {
  if (!Number.isFinite(value)) return String(value);
  if (Math.abs(value) < 0.995) return value.toPrecision(2);
  if (Math.abs(value) < 99.5) return value.toPrecision(3);
  return String(Math.round(value)).replace(/\B(?=(?:\d{3})+$)/g, " ");
}

/** "p50 0.05 p99 0.31 ms". */
export function quantilesText(latencies: { quantile(q: number): number }): string {
  return `p50 ${figureText(latencies.quantile(0.5))} p99 ${figureText(latencies.quantile(0.99))} ms`;
}
