import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { dirname, join, normalize, relative } from "node:path";
import { z } from "zod";
import { ROLES } from "../../../../lib/contract/roles.ts";

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

const metafileSchema = z.object({
  outputs: z.record(
    z.string(),
    z.object({ inputs: z.record(z.string(), z.object({ bytesInOutput: z.number() })) }),
  ),
});

/** What a role's binary holds of code, packages included: minified bytes, by package or folder. */
async function weigh(role: string): Promise<ReadonlyMap<string, number>> {
  const built = await Bun.build({
    ...({
      entrypoints: [join(ROOT, "cmd", `${role}.ts`)],
      target: "bun",
      format: "esm",
      minify: true,
    } as const),
    metafile: true,
  });
  const bytes = new Map<string, number>();
  for (const { inputs } of Object.values(metafileSchema.parse(built.metafile).outputs)) {
    for (const [path, { bytesInOutput }] of Object.entries(inputs)) {
      const owner = /node_modules\/((?:@[^/]+\/)?[^/]+)/.exec(path)?.[1] ?? "ours";
      bytes.set(owner, (bytes.get(owner) ?? 0) + bytesInOutput);
    }
  }
  return bytes;
}

const total = (bytes: ReadonlyMap<string, number>) => [...bytes.values()].reduce((sum, one) => sum + one, 0);

describe("the emergency exit worker's import closure", () => {
  test("holds nothing but contract, redis, exchange, daemon and emergency", () => {
    expect([...closureOf(WORKER).files].filter((path) => !ALLOWED.test(path))).toEqual([]);
  });

  test("holds nothing of the watchdog, of price streams, or of what decides on trades", () => {
    const files = [...closureOf(WORKER).files];
    expect(files.filter((path) => /watchdog|mark-prices|gates|kernel|exits|\.lua$/.test(path))).toEqual([]);
  });

  test("brings no package of its own", () => {
    const known = ["big.js", "hono", "pino", "prom-client", "zod"];
    expect([...closureOf(WORKER).packages].filter((name) => !known.includes(name))).toEqual([]);
  });

  test("is the smallest of all roles of a real account: in bytes, packages included, and by far against those with node-redis", async () => {
    // The simulated venue knows neither Redis nor a venue.
    const roles = Object.keys(ROLES).filter(
      (role) => `cmd/${role}.ts` !== WORKER && role !== "paper-exchange",
    );
    const own = total(await weigh("emergency-exit-worker"));
    const others = new Map<string, number>();
    const clients: number[] = [];
    for (const role of roles) {
      const bytes = await weigh(role);
      others.set(role, total(bytes));
      if (bytes.has("@redis/client")) clients.push(total(bytes));
    }
    expect(clients.length).toBeGreaterThan(3);
    expect(Math.min(...clients)).toBeGreaterThan(1.5 * own);
    expect([...others].filter(([, bytes]) => bytes <= own)).toEqual([]);
  }, 60_000);
});
