import { open, readFile, rename } from "node:fs/promises";
import { dirname } from "node:path";
import { within } from "../../daemon/within.ts";
import { decodeLatch, encodeLatch, type Latch } from "./latch.ts";

/** Longest a panic waits for the disk, ms; a sync of a busy cloud disk takes a tenth of it. */
const PATIENCE_MS = 200;

export interface LatchStoreParts {
  readonly path: string;
  readonly clock: { sleep(ms: number, signal?: AbortSignal): Promise<void> };
  readonly log: { error(fields: object, message: string): void };
}

/**
 * The latch on disk.
 *
 * 1. `save` resolves once the file and its folder entry are synced, or after PATIENCE_MS: a panic does not wait for
 *    a disk that hangs. It never rejects.
 * 2. Saves take place in order; the newest always wins, and a crash leaves the old one or the new one whole.
 */
export class LatchStore {
  readonly #parts: LatchStoreParts;
  #writing: Promise<void> = Promise.resolve();
  #waiting: { readonly latch: Latch | undefined } | undefined;

  constructor(parts: LatchStoreParts) {
    this.#parts = parts;
  }

  /**
   * `absent`: this instance has none on disk, or one that cannot be understood, which is said; a watchdog that
   * refused to start would be worse than one that might panic a second time.
   */
  async load(): Promise<{ readonly kind: "kept"; readonly latch: Latch | undefined } | { kind: "absent" }> {
    const { path, log } = this.#parts;
    try {
      const record: unknown = JSON.parse(await readFile(path, "utf8"));
      if (record === null) return { kind: "kept", latch: undefined };
      const latch = decodeLatch(record);
      if (latch !== undefined) return { kind: "kept", latch };
      log.error({ path }, "the file does not hold a latch: it is not used");
    } catch (error) {
      const missing = error instanceof Error && "code" in error && error.code === "ENOENT";
      if (!missing) log.error({ err: error, path }, "the latch on disk cannot be read");
    }
    return { kind: "absent" };
  }

  /** Keeps it; undefined: an operator's reset has ended it. */
  async save(latch: Latch | undefined): Promise<void> {
    this.#waiting = { latch };
    this.#writing = this.#writing.then(() => this.#flush());
    await within(this.#parts.clock, PATIENCE_MS, this.#writing);
  }

  async #flush(): Promise<void> {
    const waiting = this.#waiting;
    if (waiting === undefined) return;
    this.#waiting = undefined;
    const { path, log } = this.#parts;
    try {
      const fresh = `${path}.new`;
      const file = await open(fresh, "w", 0o600);
      try {
        const record = waiting.latch === undefined ? null : encodeLatch(waiting.latch);
        await file.writeFile(`${JSON.stringify(record)}\n`);
        await file.sync();
      } finally {
        await file.close();
      }
      await rename(fresh, path);
      await syncFolder(dirname(path));
    } catch (error) {
      log.error({ err: error, path }, "the latch could not be written to disk");
    }
  }
}

/** Makes the renamed file's entry survive a power cut; asynchronous, so that a disk that hangs holds nothing up. */
async function syncFolder(path: string): Promise<void> {
  const folder = await open(path, "r");
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}
