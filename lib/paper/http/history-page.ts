import { isRejection, type Rejection, reject } from "../engine/rejection.ts";
import { integerOf, type Params } from "../wire/params.ts";

/** Rows in the order they came to be, ids and times growing. */
export interface History<Row> {
  readonly rows: readonly Row[];
  /** The parameter that starts a page at an id. */
  readonly idName: string;
  idOf(row: Row): number;
  timeOf(row: Row): number;
  /** Rows a page when the client does not say. */
  readonly limit: number;
}

const LIMIT_MAX = 1000;

/**
 * A page of a history as the venue cuts it: from an id or a start time forwards, else the newest rows.
 * The start is found by bisection: a long history costs no more than a short one.
 */
export function pageOf<Row>(params: Params, history: History<Row>): readonly Row[] | Rejection {
  const fromId = integerOf(params, history.idName);
  if (isRejection(fromId)) return fromId;
  const startTime = integerOf(params, "startTime");
  if (isRejection(startTime)) return startTime;
  const endTime = integerOf(params, "endTime");
  if (isRejection(endTime)) return endTime;
  const limit = integerOf(params, "limit");
  if (isRejection(limit)) return limit;
  if (fromId !== undefined && (startTime !== undefined || endTime !== undefined)) {
    return reject("OPTIONAL_PARAMS_BAD_COMBO");
  }
  const size = Math.min(Math.max(limit ?? history.limit, 1), LIMIT_MAX);
  const { rows, idOf, timeOf } = history;
  if (fromId !== undefined) {
    const start = firstAt(rows, (row) => idOf(row) >= fromId);
    return rows.slice(start, start + size);
  }
  const end = endTime === undefined ? rows.length : firstAt(rows, (row) => timeOf(row) > endTime);
  if (startTime === undefined) return rows.slice(Math.max(0, end - size), end);
  const start = firstAt(rows, (row) => timeOf(row) >= startTime);
  return rows.slice(start, Math.min(end, start + size));
}

/** Index of the first row for which the (once true, always true) condition holds. */
function firstAt<Row>(rows: readonly Row[], holds: (row: Row) => boolean): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    const row = rows[middle];
    if (row !== undefined && holds(row)) high = middle;
    else low = middle + 1;
  }
  return low;
}
