/** Epoch ms with microseconds, as the paper exchange stamps requests: one clock for all processes of a machine. */
export function preciseNowMs(): number {
  return performance.timeOrigin + performance.now();
}
