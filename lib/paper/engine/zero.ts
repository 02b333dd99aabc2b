import Big from "big.js";

/** The one zero of everything the venue keeps for ever: half of an order's numbers are it. */
export const ZERO = new Big(0);
