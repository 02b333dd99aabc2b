/**
 * Whether it is its size in USD, where it gives one, that says how much an exit closes. A quantity wins, and CLOSE is
 * sized by a quantity alone.
 */
export function isSizedInUsd(exit: {
  readonly action: string;
  readonly quantity: string | null | undefined;
}): boolean {
  return exit.action !== "CLOSE" && (exit.quantity ?? null) === null;
}
