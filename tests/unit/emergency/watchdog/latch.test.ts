import { afterAll, beforeAll, describe, expect, test } from "bun:test";
import { mkdtemp, readdir, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { systemClock } from "../../../../lib/daemon/clock.ts";
import { decodeLatch, encodeLatch } from "../../../../lib/emergency/watchdog/latch.ts";
import { LatchStore } from "../../../../lib/emergency/watchdog/latch-store.ts";
import { keptLog } from "../../../support/quiet-log.ts";
import { latchOf } from "./watching.ts";

const LATCHES = [
  latchOf(),
  latchOf({ stage: "pending", published: false }),
  latchOf({ stage: "halted", recovered: true, failure: { instanceId: "", seq: 0, lastDecisionTs: 0 } }),
];

describe("as text", () => {
  test.each(LATCHES)("decoding is the inverse of encoding %#", (latch) => {
    expect(decodeLatch(encodeLatch(latch))).toEqual(latch);
  });

  test.each([
    ["nothing", {}],
    ["another reason", { ...encodeLatch(latchOf()), reason: "LUNCH" }],
    ["no uuid", { ...encodeLatch(latchOf()), event_id: "1" }],
    ["no flag", { ...encodeLatch(latchOf()), recovered: "1" }],
  ])("%s is no latch", (_, record) => {
    expect(decodeLatch(record)).toBeUndefined();
  });
});

describe("on disk", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "quantum-latch-"));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  const storeAt = (name: string) => {
    const log = keptLog();
    return { log, store: new LatchStore({ path: join(folder, name), clock: systemClock, log }) };
  };

  test("what was saved last is there after a restart, and its end too", async () => {
    expect(await storeAt("a").store.load()).toEqual({ kind: "absent" });
    const { store } = storeAt("a");
    await Promise.all(LATCHES.map((latch) => store.save(latch)));
    expect(await storeAt("a").store.load()).toEqual({ kind: "kept", latch: latchOf(LATCHES[2]) });
    await store.save(undefined);
    expect(await storeAt("a").store.load()).toEqual({ kind: "kept", latch: undefined });
    expect(await readdir(folder)).toEqual(["a"]);
  });

  test("what the disk does not sync does not take the place of what is there, and is said", async () => {
    await storeAt("s").store.save(latchOf());
    await symlink("/dev/null", join(folder, "s.new"));
    const { store, log } = storeAt("s");
    await store.save(undefined);
    expect(log.lines.at(-1)).toMatchObject({ level: "error" });
    expect(await storeAt("s").store.load()).toEqual({ kind: "kept", latch: latchOf() });
  });

  test.each([
    ["torn", "{"],
    ["foreign", '{"event_id":1}'],
  ])("a %s file is said and not used", async (name, text) => {
    await writeFile(join(folder, name), text);
    const { store, log } = storeAt(name);
    expect(await store.load()).toEqual({ kind: "absent" });
    expect(log.lines.map(({ level }) => level)).toEqual(["error"]);
  });

  test("a disk that takes nothing does not stop a panic", async () => {
    const { store, log } = storeAt("missing/latch");
    await store.save(latchOf());
    expect(log.lines.map(({ message }) => message)).toEqual(["the latch could not be written to disk"]);
  });
});
