import { readFile } from "node:fs/promises";

/** Of /proc/PID/stat, on every Linux that Bun runs on. */
const TICKS_PER_SEC = 100;
/** Behind the command's name: fields 14 and 15 of proc(5). */
const USER_TICKS_AT = 11;

/** Processor time that a process has used so far, user and system, all threads, ms. Exact to 10 ms. Throws when it is gone. */
export async function processorTimeMs(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, "utf8");
  // The name may hold blanks and brackets; the last bracket ends it.
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const ticks = Number(fields[USER_TICKS_AT]) + Number(fields[USER_TICKS_AT + 1]);
  return (ticks / TICKS_PER_SEC) * 1000;
}
