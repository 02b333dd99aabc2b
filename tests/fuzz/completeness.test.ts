/** What is fuzzed is all that there is: what the source declares is held against the lists that the targets use. */
import { expect, test } from "bun:test";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { ROLES } from "../../lib/contract/roles.ts";
import { CONTROLS, ROUTES } from "./admin-requests.ts";

const ROOT = join(import.meta.dir, "..", "..");
const files = (folder: string) =>
  readdirSync(join(ROOT, folder), { recursive: true, encoding: "utf8" })
    .filter((name) => name.endsWith(".ts"))
    .map((name) => join(folder, name));
const textOf = (file: string) => readFileSync(join(ROOT, file), "utf8");

/** `METHOD path` of every route that a file of the source declares, under the path that it is served at. */
function declared(file: string): readonly string[] {
  const under = file.startsWith("lib/paper/")
    ? "/paper"
    : file === ADMIN || /panic-socket/.test(file)
      ? ""
      : "/v1";
  const found = textOf(file).matchAll(/\.(get|put|post|delete|patch)\(\s*"(\/[^"]*)"/g);
  return [...found].map(([, method = "", path]) => `${method.toUpperCase()} ${under}${path}`);
}
const ADMIN = "lib/daemon/admin-app.ts";

test("every route of every role and every control of the paper exchange is fuzzed", () => {
  const inSource = new Set(files("lib").flatMap(declared));
  const fuzzed = new Set([
    ...Object.values(ROUTES).flatMap((routes) => routes.map(([method, path]) => `${method} ${path}`)),
    ...CONTROLS.map(([method, path]) => `${method} ${path}`),
    // With any id: the target adds it to the worker's routes.
    "GET /v1/panic/:event_id",
  ]);
  expect(inSource.size).toBeGreaterThan(30);
  expect([...inSource].filter((route) => !fuzzed.has(route))).toEqual([]);
  expect([...fuzzed].filter((route) => !inSource.has(route))).toEqual([]);
});

test("every role that has endpoints is fuzzed", () => {
  const daemons = Object.keys(ROLES).filter((role) => textOf(`cmd/${role}.ts`).includes("runDaemon"));
  expect(daemons.toSorted()).toEqual(Object.keys(ROUTES).toSorted());
});

/** Exported functions that make something of what comes from outside, by their names. */
const DECODER = /^export (?:async )?function ((?:decode|parse|read[A-Z]\w*Reply|classify)\w*)/gm;

/** Of `parseOrder` and `parseAlgo`, which are targets as a whole. */
const PARTS = new Set([
  "parseDirection",
  "parseJson",
  "parseClientId",
  "parseLimitTerms",
  "parseGoodTillDate",
]);

test("every decoder of the contract, the wire and the venue is named by a target", () => {
  const targets = files("tests/fuzz").map(textOf).join("\n");
  const decoders = ["lib/contract", "lib/redis", "lib/exchange", "lib/paper/wire", "lib/routing"]
    .flatMap(files)
    .flatMap((file) => [...textOf(file).matchAll(DECODER)].map(([, name = ""]) => name))
    .filter((name) => !PARTS.has(name));
  expect(decoders.length).toBeGreaterThan(5);
  expect(decoders.filter((name) => !targets.includes(name))).toEqual([]);
});
