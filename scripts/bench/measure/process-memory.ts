import { readFile } from "node:fs/promises";

/** Memory of a process as the kernel counts it, MiB. */
export interface ProcessMemory {
  readonly rssMib: number;
  /** Shared pages by the share of it. */
  readonly pssMib: number;
  /** Anonymous: its heap and stacks. The rest is the mapped binary. */
  readonly ownMib: number;
}

/** Reads /proc/PID/smaps_rollup. Throws when the process is gone or a line is missing. */
export async function readProcessMemory(pid: number): Promise<ProcessMemory> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, "utf8");
  const mib = (name: string) => {
    const kib = new RegExp(`^${name}:\\s+(\\d+) kB$`, "m").exec(text)?.[1];
    if (kib === undefined) throw new Error(`/proc/${pid}/smaps_rollup has no ${name}`);
    return Number(kib) / 1024;
  };
  return { rssMib: mib("Rss"), pssMib: mib("Pss"), ownMib: mib("Anonymous") };
}
