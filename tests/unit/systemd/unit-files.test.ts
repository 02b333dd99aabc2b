import { describe, expect, test } from "bun:test";
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { RECOVERY_FILES } from "../../../lib/operator/operator-settings.ts";

const FOLDER = join(import.meta.dir, "../../../systemd");
const units = readdirSync(FOLDER).filter((name) => /^quantum.*\.(?:service|timer|target)$/.test(name));
const services = units.filter((name) => name.endsWith(".service"));

interface Directive {
  readonly name: string;
  readonly value: string;
}

/** The unit, then its drop-ins by file name whatever folder they are in: as systemd reads them. */
function directives(unit: string): readonly Directive[] {
  const folders = ["quantum-.service.d", `${unit}.d`].filter(
    (folder) => unit.endsWith(".service") && existsSync(join(FOLDER, folder)),
  );
  const dropIns = folders
    .flatMap((folder) => readdirSync(join(FOLDER, folder)).map((name) => ({ name, folder })))
    .sort((left, right) => (left.name < right.name ? -1 : 1));
  return [unit, ...dropIns.map(({ folder, name }) => join(folder, name))]
    .flatMap((path) => readFileSync(join(FOLDER, path), "utf8").split("\n"))
    .flatMap((line) => {
      const [, name, value] = /^([A-Za-z]+)=(.*)$/.exec(line) ?? [];
      return name === undefined || value === undefined ? [] : [{ name, value }];
    });
}

/** An empty value forgets those before it. */
function environmentFiles(unit: string): readonly string[] {
  const files = directives(unit).filter(({ name }) => name === "EnvironmentFile");
  return files.slice(files.findLastIndex(({ value }) => value === "") + 1).map(({ value }) => value);
}

describe("the settings of a unit", () => {
  const ofRoles = services.filter((name) => name !== "quantum-alarm@.service");

  test.each(ofRoles)("%s takes those of the role's own file over every other", (unit) => {
    expect(environmentFiles(unit).at(-1)).toBe("-/etc/quantum/%N.env");
  });

  // The exit brain says how long a close is remembered, the exporter which bucket is the current one: by the numbers
  // of those who enforce them, or the cooldown ends early and the rate is always 0.
  test.each([
    ["quantum-execution.service", "core_gates.env"],
    ["quantum-stream-recover.service", "core_gates.env"],
    ["quantum-exit-brain.service", "core_gates.env"],
    ["quantum-ai-strategy-router.service", "core_safety.env"],
    ["quantum-ai-strategy-router.service", "core_gates.env"],
    ["quantum-safety-telemetry.service", "core_safety.env"],
  ])("%s takes %s over what all roles read", (unit, file) => {
    const files = environmentFiles(unit);
    expect(files.indexOf(`-/etc/quantum/${file}`)).toBeGreaterThan(files.indexOf("/etc/quantum/quantum.env"));
  });

  test("the alarm reads none: it speaks when they are what is missing", () => {
    expect(environmentFiles("quantum-alarm@.service")).toEqual([]);
  });
});

/** Each of them stops, or does not start, a unit because of another one. */
const TIES = ["BindsTo", "PartOf", "Requires", "Requisite", "StopPropagatedFrom", "Conflicts"];
const GUARDS = ["quantum-exit-brain-watchdog.service", "quantum-emergency-exit-worker.service"];

describe("a guard", () => {
  test.each(GUARDS)("%s is tied to no unit, so that none takes it down", (guard) => {
    expect(directives(guard).filter(({ name }) => TIES.includes(name))).toEqual([]);
  });

  test.each(units)("is not stopped by what %s says of it", (unit) => {
    const reaching = ["PropagatesStopTo", "Conflicts"];
    const said = directives(unit).filter(({ name }) => reaching.includes(name));
    expect(said.filter(({ value }) => GUARDS.some((guard) => value.includes(guard)))).toEqual([]);
  });

  test("what it guards is part of the target, so that the tie would be found", () => {
    expect(directives("quantum-exit-brain.service")).toContainEqual({
      name: "PartOf",
      value: "quantum.target",
    });
  });
});

test("quantumctl runs stream recovery by the files of its unit", () => {
  const read = environmentFiles("quantum-stream-recover.service").map((file) =>
    file.replace("%N", "quantum-stream-recover").replace(/^-?[/]etc[/]quantum[/]/, ""),
  );
  expect(RECOVERY_FILES).toEqual(read.filter((file, at) => read.lastIndexOf(file) === at));
});
