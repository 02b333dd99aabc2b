import { describe, expect, test } from "bun:test";
import { cleanValue } from "../../../lib/daemon/environment.ts";
import { KNOWN_SETTINGS } from "../../../lib/daemon/known-settings.ts";
import { redactUrl } from "../../../lib/daemon/secret-url.ts";
import { commonSettings } from "../../../lib/daemon/settings-common.ts";
import { exchangeSettings } from "../../../lib/daemon/settings-exchange.ts";
import { settingsReference } from "../../../lib/daemon/settings-reference.ts";

describe("a value", () => {
  test.each([
    ["5", "5"],
    ["  5 ", "5"],
    ["5 # per window", "5"],
    ["5\t#per window", "5"],
    ["5#5", "5#5"],
    ["#secret", "#secret"],
    ["# only a comment", undefined],
    ["#", undefined],
    ["   ", undefined],
    ["", undefined],
    [undefined, undefined],
  ])("%p is read as %p", (raw, meant) => {
    expect(cleanValue(raw)).toBe(meant);
  });
});

describe("a URL", () => {
  test.each([
    ["redis://u:pw@h:1/0", "redis://u:[redacted]@h:1/0"],
    ["redis://:pw@h", "redis://:[redacted]@h"],
    ["rediss://u@h", "rediss://u@h"],
    ["unix://u:p%40w@/run/redis.sock", "unix://u:[redacted]@/run/redis.sock"],
    ["unix:///run/redis.sock", "unix:///run/redis.sock"],
    ["http://127.0.0.1:8099/a@b", "http://127.0.0.1:8099/a@b"],
  ])("%s prints as %s", (url, printed) => {
    expect(redactUrl(url)).toBe(printed);
  });
});

describe("the reference of settings", () => {
  const rows = settingsReference({ ...commonSettings("execution", "host"), ...exchangeSettings });

  test("has a description and an expectation for every setting", () => {
    for (const row of rows) {
      expect(row.description, row.name).not.toBe("");
      expect(row.expected, row.name).not.toBe("");
    }
    expect(rows.find((row) => row.name === "ADMIN_PORT")).toMatchObject({ fallback: "8002" });
  });

  test("knows only settings that are known to every role", () => {
    const known = new Set<string>(KNOWN_SETTINGS);
    expect(rows.map((row) => row.name).filter((name) => !known.has(name))).toEqual([]);
  });
});
