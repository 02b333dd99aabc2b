import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { verdictTable } from "./report.ts";
import { soakDocument } from "./soak-document.ts";
import { plotProcesses, plotRedis } from "./soak-plots.ts";
import type { SoakRecord } from "./soak-record.ts";
import type { Verdict } from "./verdicts.ts";

const DOCS = join(import.meta.dir, "..", "..", "docs");

/** Writes the record alone, where `--from` finds it. */
export async function writeRecord(folder: string, record: SoakRecord): Promise<void> {
  mkdirSync(folder, { recursive: true });
  await Bun.write(join(folder, "soak.json"), JSON.stringify(record));
}

/** Writes record, table and plots into a folder. */
export async function writeReport(
  folder: string,
  record: SoakRecord,
  verdicts: readonly Verdict[],
): Promise<void> {
  await writeRecord(folder, record);
  await Bun.write(join(folder, "soak.txt"), `${verdictTable(verdicts)}\n`);
  await writePlots(folder, record);
}

/** Writes docs/soak.md and its plots. */
export async function writeDocument(record: SoakRecord, verdicts: readonly Verdict[]): Promise<void> {
  await Bun.write(join(DOCS, "soak.md"), soakDocument(record, verdicts));
  await writePlots(join(DOCS, "plots"), record);
}

async function writePlots(folder: string, record: SoakRecord): Promise<void> {
  await Bun.write(join(folder, "soak-processes.svg"), await plotProcesses(record));
  await Bun.write(join(folder, "soak-redis.svg"), await plotRedis(record));
}
