import { afterEach, beforeEach, describe, expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { operatorEnvironment, RECOVERY_FILES } from "../../../lib/operator/operator-settings.ts";

let folder = "";
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "settings-"));
  mkdirSync(join(folder, "credentials"));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (name: string, text: string) => writeFileSync(join(folder, name), text);

describe("the environment of a person at a terminal", () => {
  test("is the files in the units' order under what is typed", () => {
    write("testnet.env", "TRADING_MODE=TESTNET\nQUANTUM_INSTANCE=old\n");
    write("quantum.env", "TRADING_MODE=PAPER  # for now\nQUANTUM_NAMESPACE={a}\n");
    write("core_safety.env", "SAFETY_WINDOW_SEC=20\n");
    expect(operatorEnvironment({ QUANTUM_NAMESPACE: "{b}" }, folder)).toMatchObject({
      ...{
        TRADING_MODE: "PAPER",
        QUANTUM_INSTANCE: "old",
        QUANTUM_NAMESPACE: "{b}",
        SAFETY_WINDOW_SEC: "20",
      },
    });
  });

  test("has the limits that are in force where the router's own file sets them, and nothing else of that file", () => {
    write("core_safety.env", "SAFETY_WINDOW_SEC=20\nSAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW=20\n");
    write(
      "quantum-ai-strategy-router.env",
      "SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW=50 # quiet hours\nREDIS_URL=redis://router@h\nADMIN_PORT=1\n",
    );
    expect(operatorEnvironment({}, folder)).toEqual({
      ...{ SAFETY_WINDOW_SEC: "20", SAFETY_GLOBAL_MAX_INTENTS_PER_WINDOW: "50" },
      CREDENTIALS_DIRECTORY: undefined,
    });
  });

  test("has the operator's own Redis URL from the credentials unless one is given", () => {
    write("credentials/redis-url-quantumctl", "redis://from-file\n");
    expect(operatorEnvironment({}, folder)["REDIS_URL"]).toBe("redis://from-file");
    expect(operatorEnvironment({ REDIS_URL: "redis://given" }, folder)["REDIS_URL"]).toBe("redis://given");
  });

  test("is, for stream recovery, what its unit reads", () => {
    write("quantum.env", "TRADING_MODE=LIVE\nSTALE_IDLE_MS=1000\n");
    write("core_gates.env", "STALE_IDLE_MS=600000   # an hour's tenth\nRECOVER_IN_LIVE=0\n");
    write("quantum-stream-recover.env", "RECOVER_IN_LIVE=1\n");
    write("credentials/redis-url-quantumctl", "redis://from-file\n");
    expect(operatorEnvironment({}, folder, RECOVERY_FILES)).toMatchObject({
      ...{ TRADING_MODE: "LIVE", STALE_IDLE_MS: "600000", RECOVER_IN_LIVE: "1" },
      REDIS_URL: "redis://from-file",
    });
  });

  test("is empty where nothing is installed", () => {
    expect(operatorEnvironment({}, join(folder, "nowhere"))).toEqual({});
  });

  test("a file that is there and cannot be read is named, and never taken for absent", () => {
    symlinkSync("quantum.env", join(folder, "quantum.env"));
    expect(() => operatorEnvironment({}, folder)).toThrow(join(folder, "quantum.env"));
  });
});
