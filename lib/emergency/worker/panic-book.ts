import type { JournalRecord } from "./journal-record.ts";
import type { PanicJournal } from "./panic-journal.ts";
import { applyRecord, emptyMemory, type PanicMemory } from "./panic-memory.ts";

/** Memory and journal as one: what is known is what was written down. */
export interface PanicBook {
  readonly memory: PanicMemory;
  /** Known at once; resolves when it is on disk, or to false when the disk would not take it in time. */
  write(record: JournalRecord): Promise<boolean>;
  /** Writes that the disk did not take. */
  readonly unwritten: () => number;
}

/** The book that a journal holds. */
export function openPanicBook(journal: Pick<PanicJournal, "records" | "append">): PanicBook {
  const memory = emptyMemory();
  for (const record of journal.records) applyRecord(memory, record);
  let unwritten = 0;
  return {
    memory,
    unwritten: () => unwritten,
    async write(record) {
      applyRecord(memory, record);
      const written = await journal.append(record);
      if (!written) unwritten += 1;
      return written;
    },
  };
}
