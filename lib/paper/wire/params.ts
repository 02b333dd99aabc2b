import Big from "big.js";
import { type Rejection, reject } from "../engine/rejection.ts";

/** Query and form body together; the first value of a name wins. */
export type Params = ReadonlyMap<string, string>;

const DECIMAL = /^-?\d{1,20}(?:\.\d{1,20})?$/;
const INTEGER = /^-?\d{1,16}$/;

/** -1102, in the venue's words. */
export function missing(name: string): Rejection {
  return reject(
    "MANDATORY_PARAM",
    `Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`,
  );
}

/** -1106, in the venue's words. */
export function unwanted(name: string): Rejection {
  return reject("PARAM_NOT_REQUIRED", `Parameter '${name}' sent when not required.`);
}

/** -1130, in the venue's words. */
export function invalid(name: string): Rejection {
  return reject("INVALID_PARAMETER", `Data sent for parameter '${name}' is not valid.`);
}

/** An empty value counts as not sent. */
export function textOf(params: Params, name: string): string | undefined {
  const value = params.get(name);
  return value === undefined || value === "" ? undefined : value;
}

/** A decimal number, undefined when it was not sent, -1102 when it is malformed. */
export function decimalOf(params: Params, name: string): Big | undefined | Rejection {
  const text = textOf(params, name);
  if (text === undefined) return undefined;
  return DECIMAL.test(text) ? new Big(text) : missing(name);
}

/** A whole number of at most 16 digits, undefined when it was not sent, -1102 when it is malformed. */
export function integerOf(params: Params, name: string): number | undefined | Rejection {
  const text = textOf(params, name);
  if (text === undefined) return undefined;
  return INTEGER.test(text) ? Number(text) : missing(name);
}

/** "true" or "false" in any case; undefined when it was not sent. */
export function booleanOf(params: Params, name: string): boolean | undefined | Rejection {
  const text = textOf(params, name)?.toLowerCase();
  if (text === undefined) return undefined;
  if (text === "true") return true;
  return text === "false" ? false : invalid(name);
}

/** One of the allowed words; undefined when it was not sent, null when it is another. */
export function wordOf<Word extends string>(
  params: Params,
  name: string,
  words: readonly Word[],
): Word | undefined | null {
  const text = textOf(params, name);
  if (text === undefined) return undefined;
  return words.find((word) => word === text) ?? null;
}
