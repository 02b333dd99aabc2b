import { existsSync, readdirSync, readFileSync } from "node:fs";

/** Pid and first word of the command line of each process that `parent` started and that is still there. */
export function childProcesses(parent: number): ReadonlyMap<number, string> {
  const pids = readdirSync("/proc").filter((name) => /^\d+$/.test(name));
  const children = pids.filter((pid) => parentOf(pid) === parent);
  return new Map(children.map((pid) => [Number(pid), read(`/proc/${pid}/cmdline`).split("\0")[0] ?? ""]));
}

/** Behind the name, which may hold anything: the state, then the parent. */
function parentOf(pid: string): number {
  return Number(read(`/proc/${pid}/stat`).split(") ").at(-1)?.split(" ")[1]);
}

/** Nothing for a process that has ended meanwhile. */
function read(file: string): string {
  try {
    return existsSync(file) ? readFileSync(file, "utf8") : "";
  } catch {
    return "";
  }
}
