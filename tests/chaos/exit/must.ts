/** Something that must hold does not. */
export class BrokenPromiseError extends Error {
  readonly code = "BROKEN_PROMISE";
}

/** Throws BrokenPromiseError with the words unless the condition holds. */
export function must(condition: boolean, what: string): asserts condition {
  if (!condition) throw new BrokenPromiseError(what);
}

/** `later` is at most `ms` after `earlier`, both known. */
export function mustFollow(
  earlier: number | undefined,
  later: number | undefined,
  limit: { readonly ms: number; readonly what: string },
): void {
  must(earlier !== undefined && later !== undefined, `${limit.what}: did not happen`);
  must(later - earlier <= limit.ms, `${limit.what}: took ${later - earlier} ms, at most ${limit.ms}`);
}
