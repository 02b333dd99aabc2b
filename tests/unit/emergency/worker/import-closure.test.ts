import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";

const ROOT = join(import.meta.dir, "..", "..", "..", "..");
const ALLOWED =
  /^(?:cmd\/emergency-exit-worker\.ts|lib\/(?:contract|redis|exchange|daemon)\/|lib\/emergency\/)/;
const WORKER = "cmd/emergency-exit-worker.ts";

/** Every file of ours and every package that a file imports, itself included; types alone cost nothing. */
function closureOf(entry: string): {
  readonly files: ReadonlySet<string>;
  readonly packages: ReadonlySet<string>;
} {
  const files = new Set<string>();
  const packages = new Set<string>();
  const transpiler = new Bun.Transpiler({ loader: "ts" });
  const visit = (path: string) => {
    if (files.has(path)) return;
    files.add(path);
    if (!path.endsWith(".ts")) return;
    for (const { path: specifier } of transpiler.scanImports(readFileSync(join(ROOT, path), "utf8"))) {
      if (specifier.startsWith(".")) visit(relative(ROOT, normalize(join(ROOT, dirname(path), specifier))));
      else if (!specifier.startsWith("node:") && !specifier.startsWith("bun")) packages.add(specifier);
    }
  };
  visit(entry);
  return { files, packages };
}

const linesOf = (entry: string) =>
  [...closureOf(entry).files].reduce(
    (sum, path) => sum + readFileSync(join(ROOT, path), "utf8").split("\n").length,
    0,
  );
describe("the emergency exit worker's import closure", () => {
  test("holds nothing but contract, redis, exchange, daemon and emergency", () => {
    expect([...closureOf(WORKER).files].filter((path) => !ALLOWED.test(path))).toEqual([]);
  });

  test("holds nothing of the watchdog, of price streams, or of what decides on trades", () => {
    const files = [...closureOf(WORKER).files];
    expect(files.filter((path) => /watchdog|mark-prices|gates|kernel|exits|\.lua$/.test(path))).toEqual([]);
  });

  test("brings no package of its own", () => {
    const known = ["@redis/client", "big.js", "hono", "pino", "prom-client", "zod"];
    expect([...closureOf(WORKER).packages].filter((name) => !known.includes(name))).toEqual([]);
  });

  test("is smaller than that of the other role that sends orders", () => {
    expect(linesOf(WORKER)).toBeLessThan(linesOf("cmd/execution.ts"));
  });
});
