import { afterEach, beforeEach, expect, test } from "bun:test";
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { haltMarker } from "../../../lib/emergency/halt-marker.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quantum-halt-"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));
const path = () => join(folder, "halt", "trading");

test("a file of ours is put, written anew and taken away", () => {
  const marker = haltMarker(path());
  expect(marker.standing()).toBe("absent");
  marker.put("one");
  marker.put("another");
  expect(readFileSync(path(), "utf8")).toEndWith("\nanother\n");
  expect(marker.standing()).toBe("own");
  marker.takeOwn();
  expect(marker.standing()).toBe("absent");
});

test("a foreign file is neither written over nor taken for ours", () => {
  const foreign = join(folder, "foreign");
  writeFileSync(foreign, "by hand\n");
  const marker = haltMarker(foreign);
  marker.put("one");
  marker.takeOwn();
  expect(readFileSync(foreign, "utf8")).toBe("by hand\n");
  marker.take();
  expect(marker.standing()).toBe("absent");
});

test("a disk that does not sync is no halt file", () => {
  symlinkSync("/dev/null", join(folder, "trading.new"));
  expect(() => haltMarker(join(folder, "trading")).put("one")).toThrow();
});
