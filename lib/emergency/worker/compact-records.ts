import type { JournalRecord } from "./journal-record.ts";

/** Panics whose end is remembered, newest last; Redis remembers every one. */
const PANICS_KEPT = 500;

/**
 * The records that still matter: all of every panic that is not over or not published, acceptance and final
 * completion of the newest others, the last clearing, the installation. Pure.
 */
export function compactRecords(records: readonly JournalRecord[]): readonly JournalRecord[] {
  const published = new Set<string>();
  for (const record of records) {
    if (record.type === "published" && record.final) published.add(record.event_id);
  }
  const kept = new Set([...published].slice(-PANICS_KEPT));
  const lastCleared = records.findLast((record) => record.type === "cleared");
  return records.filter((record) => {
    if (record.type === "installed") return true;
    if (record.type === "cleared") return record === lastCleared;
    const eventId = record.type === "accepted" ? record.event.event_id : record.event_id;
    if (!published.has(eventId)) return true;
    if (!kept.has(eventId)) return false;
    return ["accepted", "halt_confirmed", "completed", "published"].includes(record.type);
  });
}
