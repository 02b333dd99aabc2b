import { afterEach, describe, expect, test } from "bun:test";
import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { GENESIS } from "../../../lib/auditing/audit-line.ts";
import { AuditLog, AuditWriteError } from "../../../lib/auditing/audit-log.ts";
import { verifyCommand } from "../../../lib/auditing/verify-command.ts";
import { verifyFiles } from "../../../lib/auditing/verify-files.ts";

const DAY_MS = 86_400_000;
const START_MS = Date.UTC(2026, 0, 30, 12);

const entry = (n: number, stream = "s") => ({ stream, id: `${START_MS + n}-0`, fields: { n: String(n) } });

const folders: string[] = [];
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true, force: true });
});

/** A log over three days with two lines each; its folder and files, oldest first. */
async function threeDays() {
  const folder = mkdtempSync(join(tmpdir(), "audit-"));
  folders.push(folder);
  let nowMs = START_MS;
  const auditLog = new AuditLog({ folder, nowMs: () => nowMs });
  for (let n = 0; n < 6; n += 2) {
    await auditLog.append([entry(n), entry(n + 1)]);
    nowMs += DAY_MS;
  }
  const files = readdirSync(folder)
    .sort()
    .map((name) => join(folder, name));
  return { folder, files, auditLog };
}

describe("the chain", () => {
  test("goes on across days, one file a UTC day, and verifies as one", async () => {
    const { files, auditLog } = await threeDays();
    expect(files.map((path) => path.slice(-16))).toEqual([
      "2026-01-30.jsonl",
      "2026-01-31.jsonl",
      "2026-02-01.jsonl",
    ]);
    expect(verifyFiles(files)).toMatchObject({ lines: 6, firstSeq: 1, head: auditLog.head, problems: [] });
    expect(statSync(files[0] ?? "").mode & 0o777).toBe(0o640);
  });

  test("any single line that is edited, deleted, doubled, moved or put in is found, and so is a cut", async () => {
    const { files } = await threeDays();
    const original = files.map((path) => readFileSync(path, "utf8").split("\n").slice(0, -1));
    const position = fc.record({ file: fc.nat(2), line: fc.nat(1) });
    const change = fc.oneof(
      fc.record({ kind: fc.constant("edit" as const), at: position, byte: fc.nat(10_000) }),
      fc.record({
        kind: fc.constantFrom("delete" as const, "double" as const, "swap" as const),
        at: position,
      }),
    );
    fc.assert(
      fc.property(change, (one) => {
        const lines = original.map((list) => [...list]);
        const target = lines[one.at.file] ?? [];
        const text = target[one.at.line] ?? "";
        if (one.kind === "edit") {
          const at = one.byte % text.length;
          const other = text[at] === "x" ? "y" : "x";
          target[one.at.line] = text.slice(0, at) + other + text.slice(at + 1);
        } else if (one.kind === "double") target.splice(one.at.line, 0, text);
        else if (one.kind === "swap") target.reverse();
        else {
          // The very last line can be missing without the chain knowing: its head has to be kept elsewhere.
          fc.pre(!(one.at.file === 2 && one.at.line === 1) && !(one.at.file === 0 && one.at.line === 0));
          target.splice(one.at.line, 1);
        }
        for (const [at, path] of files.entries())
          writeFileSync(path, lines[at]?.map((line) => `${line}\n`).join("") ?? "");
        expect(verifyFiles(files).problems.length).toBeGreaterThan(0);
      }),
      { numRuns: 300 },
    );
  });

  test("the command says what is wrong, where, and ends with 1", async () => {
    const { files } = await threeDays();
    const printed: string[] = [];
    expect(verifyCommand(files, (line) => printed.push(line))).toBe(0);
    expect(printed.at(-1)).toStartWith("intact: 6 lines");
    printed.length = 0;
    expect(verifyCommand(files.slice(1), (line) => printed.push(line))).toBe(0);
    expect(printed[0]).toStartWith("begins at number 3:");
    const second = files[1] ?? "";
    writeFileSync(second, readFileSync(second, "utf8").replace('"n":"3"', '"n":"4"'));
    expect(verifyCommand(files, (line) => printed.push(line))).toBe(1);
    expect(printed).toContain(`${second}:2: line was edited: its hash does not fit`);
    expect(verifyFiles(files).problems).toHaveLength(1);
    expect(verifyCommand([join(tmpdir(), "nowhere.jsonl")], () => undefined)).toBe(1);
    expect(verifyCommand([], () => undefined)).toBe(64);
  });
});

describe("a head that was kept elsewhere", () => {
  test("finds any cut at the end, and a chain that was written anew", async () => {
    const { files, auditLog } = await threeDays();
    const { head } = auditLog;
    expect(verifyFiles(files, head).problems).toEqual([]);
    expect(verifyFiles(files, GENESIS).problems).toEqual([]);
    const other = await threeDays();
    await other.auditLog.append([entry(99)]);
    expect(verifyFiles(other.files, head).problems).toEqual([]);
    for (let kept = 5; kept > 0; kept -= 1) {
      const path = files[Math.floor(kept / 2)] ?? "";
      const [first = ""] = readFileSync(path, "utf8").split("\n");
      writeFileSync(path, kept % 2 === 0 ? "" : `${first}\n`);
      const problems = verifyFiles(files, head).problems.map(({ problem }) => problem);
      expect(problems).toEqual([
        kept === 5 ? "is the last: number 6 is missing" : `is the last: numbers ${kept + 1} to 6 are missing`,
      ]);
    }
    const anew = await threeDays();
    const { hash } = head;
    expect(verifyFiles(anew.files, { seq: 5, hash }).problems[0]?.problem).toContain("another than");
    expect(verifyFiles(anew.files.slice(1), { seq: 1, hash }).problems[0]?.problem).toContain("older files");
  });

  test("is given as --head SEQ:HASH; anything else is a misuse", async () => {
    const { files, auditLog } = await threeDays();
    const { seq, hash } = auditLog.head;
    expect(verifyCommand([...files, "--head", `${seq}:${hash}`], () => undefined)).toBe(0);
    expect(verifyCommand([...files.slice(0, 2), "--head", `${seq}:${hash}`], () => undefined)).toBe(1);
    expect(verifyCommand([...files, "--head", hash], () => undefined)).toBe(64);
    expect(verifyCommand([...files, "--tail"], () => undefined)).toBe(64);
  });
});

describe("a log that is opened again", () => {
  test("goes on where it was, and takes no entry twice", async () => {
    const { folder, files } = await threeDays();
    const again = new AuditLog({ folder, nowMs: () => START_MS + 2 * DAY_MS });
    expect(await again.append([entry(0), entry(5), entry(6), entry(6, "other")])).toBe(2);
    expect(verifyFiles(files)).toMatchObject({ lines: 8, problems: [] });
  });

  test("cuts off a line that was torn, and writes it whole", async () => {
    const { folder, files } = await threeDays();
    const last = files[2] ?? "";
    const whole = readFileSync(last, "utf8");
    for (const length of [1, 40, 200]) {
      writeFileSync(last, whole);
      const torn = new AuditLog({ folder, nowMs: () => START_MS + 2 * DAY_MS });
      await torn.append([entry(7)]);
      writeFileSync(last, readFileSync(last).subarray(0, Buffer.byteLength(whole) + length));
      const again = new AuditLog({ folder, nowMs: () => START_MS + 2 * DAY_MS });
      expect(await again.append([entry(7)])).toBe(1);
      expect(verifyFiles(files)).toMatchObject({ lines: 7, problems: [] });
    }
  });

  test("goes on in the newest file when the clock stepped back over midnight", async () => {
    const { folder, files } = await threeDays();
    for (const nowMs of [START_MS, START_MS + DAY_MS]) {
      await new AuditLog({ folder, nowMs: () => nowMs }).append([entry(nowMs - START_MS + 10)]);
    }
    expect(readdirSync(folder)).toHaveLength(3);
    expect(verifyFiles(files)).toMatchObject({ lines: 8, problems: [] });
  });

  test("leaves half a line of an older file alone: it is evidence", async () => {
    const { folder, files } = await threeDays();
    appendFileSync(files[0] ?? "", '{"prev"');
    await new AuditLog({ folder, nowMs: () => START_MS + 2 * DAY_MS }).append([entry(9)]);
    expect(verifyFiles(files).problems).toMatchObject([{ file: files[0], problem: "ends in the middle" }]);
  });

  test("a line that lost its line feed is found", async () => {
    const { files } = await threeDays();
    writeFileSync(files[0] ?? "", readFileSync(files[0] ?? "").subarray(0, -1));
    expect(verifyFiles(files).problems).toMatchObject([{ file: files[0], problem: "has no end of line" }]);
  });

  test("leaves it alone also where the newest file has no line", async () => {
    const { folder, files } = await threeDays();
    writeFileSync(files[2] ?? "", "");
    appendFileSync(files[1] ?? "", '{"prev"');
    await new AuditLog({ folder, nowMs: () => START_MS + 2 * DAY_MS }).append([entry(9)]);
    expect(verifyFiles(files).problems).toMatchObject([{ file: files[1], problem: "ends in the middle" }]);
  });

  test("takes no entry twice whose id a clock ahead of ours gave out after midnight", async () => {
    const { folder, files } = await threeDays();
    const ahead = { ...entry(0), id: `${START_MS + 3 * DAY_MS}-0` };
    for (const day of [2, 3]) {
      await new AuditLog({ folder, nowMs: () => START_MS + day * DAY_MS }).append([ahead]);
    }
    expect(readdirSync(folder)).toHaveLength(3);
    expect(verifyFiles(files)).toMatchObject({ lines: 7, problems: [] });
  });

  test("gives its files to a group of readers, whatever the umask", async () => {
    const before = process.umask(0o077);
    try {
      const { files } = await threeDays();
      expect(files.map((path) => statSync(path).mode & 0o777)).toEqual([0o640, 0o640, 0o640]);
    } finally {
      process.umask(before);
    }
  });

  test("after somebody appended rubbish goes on, and the rubbish is found", async () => {
    const { folder, files } = await threeDays();
    appendFileSync(files[2] ?? "", "rubbish\n");
    const again = new AuditLog({ folder, nowMs: () => START_MS + 2 * DAY_MS });
    await again.append([entry(9)]);
    const { problems } = verifyFiles(files);
    expect(problems).toHaveLength(1);
    expect(problems[0]?.problem).toBe("is not a line of the audit log");
  });
});

test("nothing counts as written that the disk has not synced", async () => {
  const folder = mkdtempSync(join(tmpdir(), "audit-"));
  folders.push(folder);
  // It takes every write, and refuses to sync.
  symlinkSync("/dev/null", join(folder, "audit-2026-01-30.jsonl"));
  const auditLog = new AuditLog({ folder, nowMs: () => START_MS });
  expect(await auditLog.append([entry(1)]).catch((error) => error)).toBeInstanceOf(AuditWriteError);
  expect(auditLog.head.seq).toBe(0);
  // What it took cannot be cut off either: while that stands, it is not even tried to write behind it.
  expect(await auditLog.append([entry(1)]).catch(String)).not.toContain("fdatasync");
});

test("the runbook of a cut asks for the end that is missing: the chain that went on after it is intact by itself", () => {
  const runbook = readFileSync(join(import.meta.dir, "../../../docs/operations.md"), "utf8");
  const [, section = ""] = /\n### QuantumAuditCut\n([\s\S]*?)\n### /.exec(runbook) ?? [];
  expect(section).toContain("head_missing_seq head_missing_hash");
  expect(section).toContain("--head SEQ:HASH");
});
