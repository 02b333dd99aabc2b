import type { Outcome } from "../../exchange/outcome-classes.ts";

/** The venue's code for a signature that does not fit the request. */
const INVALID_SIGNATURE = -1022;

/** Whether a refusal is of our credentials; `signed`: the venue took another request that they signed. */
export function refusesCredentials({ advice, code }: Outcome, signed: boolean): boolean {
  // A secret that signs one request signs every other: then it is this request that something has spoilt.
  return advice === "STOP_ENTRIES" && !(signed && code === INVALID_SIGNATURE);
}
