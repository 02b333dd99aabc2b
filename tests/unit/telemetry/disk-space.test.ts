import { expect, test } from "bun:test";
import { join } from "node:path";
import { diskSpace } from "../../../lib/telemetry/disk-space.ts";

test("a folder's disk has a size, and no more room than that", () => {
  const { freeBytes, sizeBytes } = diskSpace(import.meta.dir);
  expect(sizeBytes).toBeGreaterThan(0);
  expect(freeBytes).toBeGreaterThan(0);
  expect(freeBytes).toBeLessThanOrEqual(sizeBytes);
});

test("a folder that cannot be asked is not a full disk", () => {
  const unknown = { freeBytes: Number.NaN, sizeBytes: Number.NaN };
  expect(diskSpace(join(import.meta.dir, "nowhere"))).toEqual(unknown);
});
