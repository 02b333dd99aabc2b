/**
 * The halt file. While it exists no entry is sent, whatever Redis says or fails to say.
 *
 * 1. `put` returns when file and folder entry are on disk.
 * 2. A file that the worker did not write (an operator's `touch`) is never taken away by `takeOwn`.
 */
import {
  closeSync,
  fsyncSync,
  mkdirSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  writeSync,
} from "node:fs";
import { dirname } from "node:path";
import { syncFolder } from "../daemon/sync-folder.ts";

/** Stands at the head of every halt file of ours. */
const MARK = "halted by the emergency exit worker";

export interface HaltMarker {
  /** Throws what the file system says; an existing file of ours is written anew, a foreign one is kept. */
  put(why: string): void;
  standing(): "absent" | "own" | "foreign";
  /** Takes away a file of ours. Throws what the file system says. */
  takeOwn(): void;
  /** Takes away whatever stands there: an operator said so. */
  take(): void;
}

/** The file at a path; nothing is written by making one. */
export function haltMarker(path: string): HaltMarker {
  const standing = (): "absent" | "own" | "foreign" => {
    try {
      return readFileSync(path, "utf8").startsWith(MARK) ? "own" : "foreign";
    } catch (error) {
      return isAbsent(error) ? "absent" : "foreign";
    }
  };
  const take = () => {
    rmSync(path, { force: true });
    syncFolder(dirname(path));
  };
  return {
    standing,
    take,
    takeOwn: () => {
      if (standing() === "own") take();
    },
    put(why) {
      if (standing() === "foreign") return;
      mkdirSync(dirname(path), { recursive: true, mode: 0o750 });
      // Beside it and then in its place: a crash never leaves half a file, which would look like a foreign one.
      const fresh = `${path}.new`;
      const file = openSync(fresh, "w", 0o644);
      try {
        writeSync(file, `${MARK}\n${why}\n`);
        fsyncSync(file);
      } finally {
        closeSync(file);
      }
      renameSync(fresh, path);
      syncFolder(dirname(path));
    },
  };
}

function isAbsent(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "ENOENT";
}
