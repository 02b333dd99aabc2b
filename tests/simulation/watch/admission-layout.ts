import { librarySource } from "../../../lib/kernel/library.ts";

/** Where in an admission's arguments a decision's parts stand, by the words of the server's own source. */
export interface AdmissionLayout {
  /** Index of the first decision's first argument, the deadline not counted. */
  readonly from: number;
  readonly size: number;
  readonly id: number;
  readonly kind: number;
  readonly symbol: number;
  readonly intentId: number;
}

const PLACES = /local DECISIONS_FROM, DECISION_ARGS = (\d+), (\d+)/;
const OFFSETS = /local (ID, KIND, [A-Z_, ]+) = /;

/** The layout of the library that is loaded. Throws when its source does not say. */
export function admissionLayout(): AdmissionLayout {
  const source = librarySource();
  const [, from, size] = PLACES.exec(source) ?? [];
  const names = OFFSETS.exec(source)?.[1]?.split(", ") ?? [];
  const intentId = names.includes("INTENT_ID") ? names.indexOf("INTENT_ID") : names.indexOf("ABOUT");
  const places = [
    Number(from),
    Number(size),
    names.indexOf("ID"),
    names.indexOf("KIND"),
    names.indexOf("SYMBOL"),
    intentId,
  ];
  const [first = 0, width = 0, id = 0, kind = 0, symbol = 0] = places;
  if (places.some((place) => !(place >= 0)))
    throw new Error("the admission's source does not say its layout");
  // Lua counts from one, and the deadline comes first.
  return { from: first - 2, size: width, id, kind, symbol, intentId };
}
