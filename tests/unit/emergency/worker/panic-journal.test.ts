import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import { refusedCompletion } from "../../../../lib/emergency/worker/build-completion.ts";
import { compactRecords } from "../../../../lib/emergency/worker/compact-records.ts";
import type { JournalRecord } from "../../../../lib/emergency/worker/journal-record.ts";
import { openPanicJournal } from "../../../../lib/emergency/worker/panic-journal.ts";
import { keptLog } from "../../../support/quiet-log.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quantum-journal-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const path = () => join(folder, "panics.jsonl");
const log = keptLog();
const openJournal = () => openPanicJournal(path(), { clock: systemClock, log, compact: compactRecords });
const found = (event_id: string): JournalRecord => ({ type: "found", event_id, legs: [] });
const accepted = (event_id: string): JournalRecord => ({
  type: "accepted",
  at_ms: 1,
  event: { event_id, reason: "R", severity: "CRITICAL", issued_by: "ops", ts: 1 },
  via: "socket",
  joins: null,
});
const ids = (records: readonly JournalRecord[]) =>
  records.map((record) => ("event_id" in record ? record.event_id : record.type));
const uuid = (n: number) => `00000000-0000-4000-8000-${String(n).padStart(12, "0")}`;

describe("the journal", () => {
  test("holds after a restart what was appended, in order", async () => {
    const first = openJournal();
    const records: JournalRecord[] = [
      accepted(uuid(1)),
      found(uuid(1)),
      { type: "completed", event_id: uuid(1), final: true, completion: refusedCompletion(uuid(1), "why", 5) },
      { type: "published", event_id: uuid(1), final: true },
    ];
    for (const record of records) expect(await first.append(record)).toBe(true);
    await first.close();
    expect(openJournal().records).toEqual(records);
  });

  test("writes what comes at once with few syncs, all of it, in order", async () => {
    const journal = openJournal();
    const all = Array.from({ length: 200 }, (_, at) => found(uuid(at)));
    expect(new Set(await Promise.all(all.map((record) => journal.append(record))))).toEqual(new Set([true]));
    await journal.close();
    expect(ids(openJournal().records)).toEqual(
      all.map((record) => ("event_id" in record ? record.event_id : "")),
    );
  });

  test.each([
    ["torn", '{"type":"found","event_'],
    ["foreign", '{"type":"something else"}\n'],
    ["binary", "\u0000\u0001\n"],
  ])("skips a %s line, says so, and goes on behind it", async (_, line) => {
    const first = openJournal();
    await first.append(found(uuid(1)));
    await first.close();
    appendFileSync(path(), line);
    const second = openJournal();
    expect(ids(second.records)).toEqual([uuid(1)]);
    expect(log.lines.at(-1)).toMatchObject({ level: "error", fields: { skipped: 1 } });
    await second.append(found(uuid(2)));
    await second.close();
    expect(ids(openJournal().records)).toEqual([uuid(1), uuid(2)]);
  });

  test("is readable by its owner alone", async () => {
    await openJournal().close();
    expect(statSync(path()).mode & 0o777).toBe(0o600);
  });

  test("says false, and nothing worse, when the disk does not take a record", async () => {
    const journal = openJournal();
    await journal.close();
    expect(await journal.append(found(uuid(1)))).toBe(false);
    expect(log.lines.at(-1)).toMatchObject({ level: "error" });
  });

  test("gives a disk that hangs a quarter of a second", async () => {
    const hung = { sleep: (ms: number) => (ms === 250 ? Promise.resolve() : new Promise<void>(() => {})) };
    const journal = openPanicJournal(path(), { clock: hung, log, compact: compactRecords });
    expect(await journal.append(found(uuid(1)))).toBe(false);
    await journal.close();
  });

  test("is rewritten at a start when it has grown too long, without what is over", async () => {
    const over = Array.from({ length: 3 }, (_, at) => uuid(at));
    const open = uuid(9);
    const filler = `${JSON.stringify(found(over[0] ?? ""))}\n`.repeat(20_000);
    const lines = [...over, open].map((id) => `${JSON.stringify(accepted(id))}\n`).join("");
    const ends = over
      .map((id) => `${JSON.stringify({ type: "published", event_id: id, final: true })}\n`)
      .join("");
    writeFileSync(path(), `${lines}${filler}${ends}${JSON.stringify(found(open))}\n`);
    const journal = openJournal();
    await journal.close();
    expect(journal.records).toHaveLength(8);
    expect(readFileSync(path(), "utf8").split("\n")).toHaveLength(9);
    expect(openJournal().records).toEqual(journal.records);
  });
});

describe("a journal whose disk fails", () => {
  test("says false of every record of a write that failed", async () => {
    const journal = openJournal();
    await journal.close();
    const records = [found(uuid(1)), found(uuid(2))];
    expect(await Promise.all(records.map((record) => journal.append(record)))).toEqual([false, false]);
  });

  test("says false when the disk takes a record and does not sync it", async () => {
    symlinkSync("/dev/null", path());
    const journal = openJournal();
    expect(await journal.append(found(uuid(1)))).toBe(false);
    expect(log.lines.at(-1)).toMatchObject({ level: "error" });
    await journal.close();
  });
});

test("a compacted journal remembers of a panic that is over that Redis has its halt", () => {
  const records: JournalRecord[] = [
    accepted(uuid(1)),
    { type: "halt_confirmed", event_id: uuid(1), at_ms: 1 },
    { type: "published", event_id: uuid(1), final: true },
  ];
  expect(compactRecords(records)).toEqual(records);
});
