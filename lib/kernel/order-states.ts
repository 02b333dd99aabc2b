/**
 * The order ledger's transition table: the one place where it stands. The server-side functions get it
 * generated into their source, the types derive from it, the documentation prints it.
 *
 * From UNKNOWN the ways to HELD, DENIED and EXPIRED are for an attempt that the venue proved not executed and
 * whose resend is refused: "denied" is by us, "rejected" by the venue, so REJECTED would say the wrong thing. From
 * RECEIVED the way to UNKNOWN is for an order that the venue has and a Redis without its last writes does not.
 */
export const ORDER_MOVES = {
  RECEIVED: ["HELD", "DENIED", "EXPIRED", "REJECTED", "SUBMITTING", "UNKNOWN"],
  SUBMITTING: ["FILLED", "PARTIAL", "REJECTED", "UNKNOWN", "SUBMITTING", "HELD", "DENIED", "EXPIRED"],
  UNKNOWN: ["FILLED", "PARTIAL", "REJECTED", "SUBMITTING", "HELD", "DENIED", "EXPIRED"],
  HELD: [],
  DENIED: [],
  EXPIRED: [],
  FILLED: [],
  PARTIAL: [],
  REJECTED: [],
} as const satisfies Record<string, readonly string[]>;

export type OrderState = keyof typeof ORDER_MOVES;

/** The states in which an intent has ended, with a result. */
export type TerminalState = {
  [S in OrderState]: (typeof ORDER_MOVES)[S] extends readonly [] ? S : never;
}[OrderState];

/** Whether `text` is a state of the ledger. */
export function isOrderState(text: string): text is OrderState {
  return Object.hasOwn(ORDER_MOVES, text);
}

/** Whether an order in this state has ended. */
export function isTerminal(state: OrderState): boolean {
  return ORDER_MOVES[state].length === 0;
}

/** The table as a Lua local, terminal states left out. */
export function orderMovesInLua(): string {
  const rows = Object.entries(ORDER_MOVES)
    .filter(([, to]) => to.length > 0)
    .map(([from, to]) => `  ${from} = {${to.map((state) => `${state} = true`).join(", ")}},`);
  return ["local ORDER_MOVES = {", ...rows, "}"].join("\n");
}
