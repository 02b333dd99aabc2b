import { open } from "node:fs/promises";

/** Makes a new, renamed or removed name in the folder survive a power cut. Rejects when it cannot be opened. */
export async function syncFolder(folder: string): Promise<void> {
  const handle = await open(folder, "r");
  try {
    await handle.sync();
  } finally {
    await handle.close();
  }
}
