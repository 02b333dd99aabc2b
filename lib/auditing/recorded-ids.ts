import { join } from "node:path";
import { auditFileName, dayBefore, dayOfStreamId, type UtcDay } from "./audit-files.ts";
import { readLine } from "./audit-line.ts";
import { fileLines } from "./file-lines.ts";
import { IdSet } from "./id-set.ts";

/**
 * Which entries the files have already.
 *
 * 1. The answer is exact for every id, however old: an entry is recorded on the day of its id or later, and
 *    what those days hold is read when the first question about them comes. So a Redis that was set back to
 *    an old backup does not make a second line of what it hands out again.
 * 2. In memory are the last two days and whatever older ones were asked about since the last day began.
 */
export interface RecordedIds {
  has(stream: string, id: string): boolean;
  /** A line was written on this day. */
  add(day: UtcDay, stream: string, id: string): void;
}

/** `days`: of which there are files. */
export function createRecordedIds(folder: string, days: readonly UtcDay[]): RecordedIds {
  const files = new Set(days);
  const known = new Map<UtcDay, IdSet>();
  const idsOf = (day: UtcDay): IdSet => {
    const there = known.get(day);
    if (there !== undefined) return there;
    const ids = files.has(day) ? readIds(join(folder, auditFileName(day))) : new IdSet();
    known.set(day, ids);
    return ids;
  };
  let today = days.at(-1) ?? "";
  return {
    has(stream, id) {
      // The clock that gave the id out and the one that names the files may differ around midnight.
      const earliest = dayBefore(dayOfStreamId(id));
      return [...files].some((day) => day >= earliest && idsOf(day).has(stream, id));
    },
    add(day, stream, id) {
      files.add(day);
      idsOf(day).add(stream, id);
      if (day === today) return;
      today = day;
      for (const one of [...known.keys()]) if (one < dayBefore(day)) known.delete(one);
    },
  };
}

function readIds(path: string): IdSet {
  const ids = new IdSet();
  for (const { bytes } of fileLines(path)) {
    const read = readLine(bytes);
    if (read.kind === "line") ids.add(read.stream, read.id);
  }
  return ids;
}
