import { closeSync, fsyncSync, openSync } from "node:fs";

/** Makes a new, renamed or removed name in the folder survive a power cut. Throws when it cannot be opened. */
export function syncFolder(folder: string): void {
  const handle = openSync(folder, "r");
  try {
    fsyncSync(handle);
  } finally {
    closeSync(handle);
  }
}
