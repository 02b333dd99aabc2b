import { readdirSync } from "node:fs";
import { entryTimeMs } from "../redis/entry-time.ts";

/** A UTC day as it stands in a file's name: 2026-11-21. Days compare as text. */
export type UtcDay = string;

const DAY_MS = 86_400_000;
const NAME = /^audit-(\d{4}-\d{2}-\d{2})\.jsonl$/;

export function utcDayOf(epochMs: number): UtcDay {
  return new Date(epochMs).toISOString().slice(0, 10);
}

export function dayBefore(day: UtcDay): UtcDay {
  return utcDayOf(Date.parse(day) - DAY_MS);
}

/** The day on which Redis gave out a stream id; the first day there is for an id that is not Redis' own. */
export function dayOfStreamId(id: string): UtcDay {
  const epochMs = entryTimeMs(id);
  return utcDayOf(Number.isFinite(epochMs) && Math.abs(epochMs) <= 8.64e15 ? epochMs : 0);
}

export function auditFileName(day: UtcDay): string {
  return `audit-${day}.jsonl`;
}

/** The days of which the folder has a file, oldest first. */
export function auditDays(folder: string): readonly UtcDay[] {
  const days = readdirSync(folder).map((name) => NAME.exec(name)?.[1]);
  return days.filter((day) => day !== undefined).sort();
}
