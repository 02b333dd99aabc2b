import { describe, expect, test } from "bun:test";
import { readFileSync } from "node:fs";
import { basename, dirname, join, normalize } from "node:path";
import { z } from "zod";
import {
  ADMISSION_REASONS,
  DENY_REASONS,
  HOLD_REASONS,
  INVALID_DETAILS,
  REJECT_REASONS,
} from "../lib/contract/reasons.ts";
import { ROLES } from "../lib/contract/roles.ts";
import { PROFIT_GATES } from "../lib/gates/profit-gate.ts";

const ROOT = join(import.meta.dir, "..");

/** Files git knows or would take, so that what lies about on a machine does not count. */
function tracked(pattern: RegExp): readonly string[] {
  const listed = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard"], {
    cwd: ROOT,
  });
  const existing = listed.stdout
    .toString()
    .split("\n")
    .filter((path) => pattern.test(path));
  return existing.filter((path) => Bun.file(join(ROOT, path)).size > 0);
}

const read = (path: string) => readFileSync(join(ROOT, path), "utf8");
const SOURCES = tracked(/^(?:cmd|lib|scripts)\/.*\.(?:ts|lua)$/);
const LIBRARY = SOURCES.filter((path) => /^(?:cmd|lib)\//.test(path));
const TESTS = tracked(/^tests\/.*\.ts$/);

const GROUND = ["contract"];
const FLOOR = ["gates", "kernel", "exchange", "redis", "daemon"];

function importsOf(path: string): readonly string[] {
  return [...read(path).matchAll(/(?:from|import)\s+"([^"]+)"/g)].map((match) => match[1] ?? "");
}

/** The folder under lib/ that an import leads to, or undefined for a package. */
function folderOf(path: string, specifier: string): string | undefined {
  if (!specifier.startsWith(".")) return undefined;
  return /^lib\/([a-z]+)\//.exec(normalize(join(dirname(path), specifier)))?.[1];
}

describe("the direction of imports", () => {
  test.each(LIBRARY.filter((path) => path.startsWith("lib/")))("%s imports only downwards", (path) => {
    const own = /^lib\/([a-z]+)\//.exec(path)?.[1] ?? "";
    const below = GROUND.includes(own) ? [] : FLOOR.includes(own) ? GROUND : [...GROUND, ...FLOOR];
    for (const specifier of importsOf(path)) {
      const target = folderOf(path, specifier);
      if (target !== undefined && target !== own) expect([...below]).toContain(target);
    }
  });

  test("nothing imports a composition root", () => {
    const offenders = [...SOURCES, ...TESTS].filter((path) =>
      importsOf(path).some((one) => /\/cmd\//.test(one)),
    );
    expect(offenders).toEqual([]);
  });
});

describe("pure files", () => {
  const pure = LIBRARY.filter((path) => /^(?:decide|plan|classify)-/.test(basename(path)));
  test.each(pure)("%s takes no clock, environment, random or I/O", (path) => {
    const banned =
      /\b(?:Date\.now|new Date\(\)|performance\.|Math\.random|process\.|Bun\.|fetch\(|setTimeout|await )/;
    expect(read(path).match(banned)?.[0]).toBeUndefined();
    expect(importsOf(path).filter((one) => /^(?:node:(?!crypto)|bun)/.test(one))).toEqual([]);
  });

  test.each(LIBRARY.filter((path) => /^lib\/(?:contract|gates)\//.test(path)))("%s does no I/O", (path) => {
    expect(read(path)).not.toMatch(/\b(?:Date\.now|Math\.random|process\.|Bun\.|fetch\(|setTimeout)/);
  });
});

describe("size and shape", () => {
  test.each(SOURCES)("%s has at most 300 lines", (path) => {
    expect(read(path).trimEnd().split("\n").length).toBeLessThanOrEqual(300);
  });

  test.each(SOURCES.filter((path) => path.startsWith("cmd/")))(
    "%s is a composition root of 80 lines",
    (path) => {
      expect(read(path).trimEnd().split("\n").length).toBeLessThanOrEqual(80);
    },
  );

  test("no file has a name that says nothing", () => {
    const empty = /^(?:utils?|helpers?|common|misc|index|base|manager|types)\.ts$/;
    expect([...SOURCES, ...TESTS].filter((path) => empty.test(basename(path)))).toEqual([]);
  });

  test("nothing is left for later, nothing is weakened", () => {
    const words = new RegExp(
      ["TO" + "DO", "FIX" + "ME", "XX" + "X", "\\.on" + "ly\\(", "\\.sk" + "ip\\(", "as an" + "y\\b"].join(
        "|",
      ),
    );
    const offenders = [...SOURCES, ...TESTS].filter(
      (path) => !path.endsWith("tidy.test.ts") && words.test(read(path)),
    );
    expect(offenders).toEqual([]);
  });
});

describe("names", () => {
  test("keys and streams are spelled in the contract alone", () => {
    const spelled = /["'`](?:quantum:|system:panic|system:state|exit_brain:)/;
    const inCode = (path: string) => read(path).replaceAll(/^\s*(?:\/?\*|\/\/|--|description:).*$/gm, "");
    const offenders = LIBRARY.filter(
      (path) => !path.startsWith("lib/contract/") && spelled.test(inCode(path)),
    );
    expect(offenders).toEqual([]);
  });

  test("every composition root is a role, its binary named after it, and the README knows it", () => {
    const readme = read("README.md");
    const roles = SOURCES.filter((path) => path.startsWith("cmd/")).map((path) => basename(path, ".ts"));
    expect(roles.length).toBeGreaterThan(0);
    const known = new Map<string, { readonly binary: string }>(Object.entries(ROLES));
    for (const role of roles) {
      const binary = known.get(role)?.binary;
      expect(binary).toBe(role === "quantumctl" ? role : `quantum-${role}`);
      expect(readme).toContain(`\`${binary}\``);
    }
  });

  test("every gate has a file, and the list's order is the contract's", () => {
    expect(PROFIT_GATES.map((gate) => gate.reason)).toEqual([
      "MIN_NOTIONAL",
      "EDGE_TOO_SMALL",
      "COOLDOWN",
      "RATE_LIMIT",
      "R_TOO_LOW",
      "MODEL_REGIME_MISMATCH",
    ]);
    expect(Object.keys(HOLD_REASONS)).toEqual(PROFIT_GATES.map((gate) => gate.reason));
  });

  const reasons = [ADMISSION_REASONS, INVALID_DETAILS, HOLD_REASONS, DENY_REASONS, REJECT_REASONS].flatMap(
    (list) => Object.keys(list),
  );
  test.each([...new Set(reasons)])("reason %s is asserted by a test", (reason) => {
    const named = TESTS.some((path) => !path.endsWith("tidy.test.ts") && read(path).includes(reason));
    expect(named).toBe(true);
  });
});

test("dependencies are exact versions", () => {
  const manifest = z
    .object({
      dependencies: z.record(z.string(), z.string()),
      devDependencies: z.record(z.string(), z.string()),
    })
    .parse(JSON.parse(read("package.json")));
  for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies })) {
    expect(`${name} ${version}`).toMatch(/ \d+\.\d+\.\d+$/);
  }
});
