/** Whether one entry id comes before another. */
export function isBeforeId(one: string, other: string): boolean {
  const [ms, seq] = partsOf(one);
  const [otherMs, otherSeq] = partsOf(other);
  return ms < otherMs || (ms === otherMs && seq < otherSeq);
}

function partsOf(id: string): readonly [bigint, bigint] {
  const [ms = "0", seq = "0"] = id.split("-", 2);
  return [BigInt(ms), BigInt(seq)];
}
