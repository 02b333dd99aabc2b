import { expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { shippedAlerts } from "./rule-files.ts";

const page = readFileSync(join(import.meta.dir, "../../../docs/operations.md"), "utf8");
const anchors = new Set(
  [...page.matchAll(/^#+ (.+)$/gm)].map(([, title]) => (title ?? "").toLowerCase().replaceAll(" ", "-")),
);

test.each(shippedAlerts())("$alert leads to a section that is there", ({ annotations }) => {
  expect(anchors.has(annotations["runbook"]?.split("#")[1] ?? "")).toBe(true);
});
