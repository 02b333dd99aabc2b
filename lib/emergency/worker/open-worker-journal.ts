import { join } from "node:path";
import { ConfigurationError } from "../../daemon/configuration-fault.ts";
import { compactRecords } from "./compact-records.ts";
import { openPanicBook, type PanicBook } from "./panic-book.ts";
import { openPanicJournal } from "./panic-journal.ts";
import type { WorkerClock, WorkerLog } from "./worker-parts.ts";

/**
 * The book of this worker's panics, from the journal in its state folder. Throws ConfigurationError when it
 * cannot be read: a worker that does not know what it has done must not do it again.
 */
export function openWorkerJournal(
  stateDir: string,
  parts: { readonly clock: WorkerClock; readonly log: WorkerLog },
): { readonly book: PanicBook; closeJournal(): Promise<void> } {
  const path = join(stateDir, "panics.jsonl");
  try {
    const journal = openPanicJournal(path, { ...parts, compact: compactRecords });
    return { book: openPanicBook(journal), closeJournal: () => journal.close() };
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error);
    throw new ConfigurationError([{ name: "STATE_DIR", problem: `${path} cannot be used: ${why}` }]);
  }
}
