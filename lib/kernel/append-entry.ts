import { callFunction, type FunctionCaller } from "./function-call.ts";

/** An entry that cannot wait until Redis has memory again. */
export interface UrgentEntry {
  readonly stream: string;
  /** Names and values in turn. */
  readonly fields: readonly string[];
  /** How many entries the stream keeps, about; absent: all. */
  readonly kept?: number;
}

/**
 * Appends an entry by XADD, which needs no function library, and by append_v1 where Redis is out of memory. Throws what
 * `command` throws: the outcome is unknown or not as that error says; and CallExpiredError (not appended).
 */
export async function appendEntry(caller: FunctionCaller, entry: UrgentEntry): Promise<void> {
  const { stream, fields, kept } = entry;
  const trim = kept === undefined ? [] : ["MAXLEN", "~", String(kept)];
  try {
    await caller.command(["XADD", stream, ...trim, "*", ...fields]);
  } catch (error) {
    if (!isOutOfMemory(error)) throw error;
    const args = [kept === undefined ? "" : String(kept), ...fields];
    await callFunction(caller, "append_v1", { keys: [stream], args });
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && "code" in error && error.code === "OOM";
}
