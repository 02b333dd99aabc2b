import { appendFileSync, closeSync, openSync, readFileSync, renameSync, writeFileSync } from "node:fs";

/**
 * The disk as promises that are kept at once: what a thread of the runtime would do in its own time is done in the
 * timeline's. It survives crashes, and a call that has been made is on disk.
 */
export function appendTo(file: number, text: string): Promise<void> {
  appendFileSync(file, text);
  return Promise.resolve();
}

export function syncData(_file: number): Promise<void> {
  return Promise.resolve();
}

export function closeFile(file: number): Promise<void> {
  closeSync(file);
  return Promise.resolve();
}

export async function readFile(path: string, encoding: "utf8"): Promise<string> {
  return readFileSync(path, encoding);
}

export async function rename(from: string, to: string): Promise<void> {
  renameSync(from, to);
}

export async function open(path: string, flags: string, mode?: number) {
  const file = openSync(path, flags, mode);
  return {
    writeFile: async (text: string) => writeFileSync(file, text),
    sync: async () => undefined,
    close: async () => closeSync(file),
  };
}
