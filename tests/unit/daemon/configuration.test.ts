import { describe, expect, test } from "bun:test";
import { chmodSync, mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { readConfiguration } from "../../../lib/daemon/configuration.ts";
import { ConfigurationError, describeFault } from "../../../lib/daemon/configuration-fault.ts";
import type { Environment } from "../../../lib/daemon/environment.ts";
import { Secret } from "../../../lib/daemon/secret.ts";
import { exchangeSettings } from "../../../lib/daemon/settings-exchange.ts";
import { decimalSetting, integerSetting, numberSetting } from "../../../lib/daemon/settings-number.ts";
import { booleanSetting, choiceSetting } from "../../../lib/daemon/settings-text.ts";

const settings = {
  ...exchangeSettings,
  SAFETY_WINDOW_SEC: integerSetting({ fallback: 10, min: 1, max: 3600, description: "" }),
  SAFETY_FAULT_COOLDOWN_SEC: integerSetting({ fallback: 300, min: 1, max: 86_400, description: "" }),
  SAFETY_SAFE_MODE_DEFAULT: booleanSetting({ fallback: false, description: "" }),
  SAFETY_ON_ERROR: choiceSetting({ choices: ["open", "closed"], fallback: "open", description: "" }),
  MIN_NOTIONAL_USD: decimalSetting({ fallback: "25", min: "0", max: "1000000", description: "" }),
  MIN_CONFIDENCE: numberSetting({ fallback: 0.65, min: 0, max: 1, description: "" }),
};

function read(environment: Environment) {
  return readConfiguration({
    spec: {
      role: "execution",
      settings,
      check: ({ SAFETY_WINDOW_SEC: window, SAFETY_FAULT_COOLDOWN_SEC: cooldown }) =>
        window !== undefined && cooldown !== undefined && cooldown < window
          ? [{ name: "SAFETY_FAULT_COOLDOWN_SEC", problem: "shorter than the window" }]
          : [],
    },
    environment,
    hostname: "host-1",
  });
}

function faultsOf(environment: Environment): readonly string[] {
  try {
    read(environment);
    return [];
  } catch (error) {
    if (error instanceof ConfigurationError) return error.faults.map(describeFault);
    throw error;
  }
}

const PAPER = { TRADING_MODE: "PAPER" };

describe("a configuration that does", () => {
  test("takes every default when only the mode is given", () => {
    const config = read(PAPER);
    expect(config.REDIS_URL.reveal()).toBe("redis://127.0.0.1:6379");
    expect(config.QUANTUM_INSTANCE).toBe("host-1");
    expect(config.ADMIN_PORT).toBe(8002);
    expect(config.SAFETY_SAFE_MODE_DEFAULT).toBe(false);
    expect(config.MIN_NOTIONAL_USD).toBe("25");
    expect(config.ADMIN_TOKEN).toBeUndefined();
  });

  test.each([
    ["a comment behind a value", "SAFETY_WINDOW_SEC", "20   # seconds", 20],
    ["blanks around a value", "SAFETY_WINDOW_SEC", "  20\t", 20],
    ["a comment and nothing else", "SAFETY_WINDOW_SEC", "# the default", 10],
    ["an empty value", "SAFETY_WINDOW_SEC", "", 10],
    ["yes", "SAFETY_SAFE_MODE_DEFAULT", "yes", true],
    ["a decimal written long", "MIN_NOTIONAL_USD", "025.500", "25.5"],
  ] as const)("reads %s as its author meant it", (_what, name, raw, expected) => {
    const value: unknown = read({ ...PAPER, [name]: raw })[name];
    expect(value).toBe(expected);
  });

  test.each(["redis://u:p@h:1/0", "rediss://h", "unix:///run/redis.sock", "unix://u:p@/run/redis.sock"])(
    "takes %s for Redis",
    (url) => {
      expect(read({ ...PAPER, REDIS_URL: url }).REDIS_URL.reveal()).toBe(url);
    },
  );

  test("prints neither secrets nor passwords, in JSON, text or inspection", () => {
    const config = read({
      ...PAPER,
      ADMIN_TOKEN: "t0k3n",
      REDIS_URL: "redis://u:pa55@h",
      BINANCE_API_KEY: "k3y",
    });
    const printed = `${JSON.stringify(config)} ${Bun.inspect(config)} ${config.ADMIN_TOKEN} ${config.REDIS_URL}`;
    expect(printed).not.toMatch(/t0k3n|pa55|k3y/);
    expect(printed).toContain("redis://u:[redacted]@h");
    expect(config.ADMIN_TOKEN?.reveal()).toBe("t0k3n");
  });
});

const FAULTY: [string, Environment, readonly RegExp[]][] = [
  ["no mode", {}, [/^TRADING_MODE: is not set, expected one of PAPER, TESTNET, LIVE/]],
  ["a mode in small letters", { TRADING_MODE: "paper" }, [/^TRADING_MODE: got "paper"/]],
  [
    "not a number",
    { ...PAPER, SAFETY_WINDOW_SEC: "ten" },
    [/got "ten", expected a whole number from 1 to 3600/],
  ],
  ["a number with an exponent", { ...PAPER, SAFETY_WINDOW_SEC: "1e1" }, [/got "1e1"/]],
  ["a hexadecimal number", { ...PAPER, SAFETY_WINDOW_SEC: "0x10" }, [/got "0x10"/]],
  ["a number out of bounds", { ...PAPER, SAFETY_WINDOW_SEC: "0" }, [/got "0"/]],
  ["Infinity", { ...PAPER, MIN_NOTIONAL_USD: "Infinity" }, [/MIN_NOTIONAL_USD: got "Infinity"/]],
  ["a negative amount", { ...PAPER, MIN_NOTIONAL_USD: "-1" }, [/a decimal number from 0 to 1000000/]],
  ["neither on nor off", { ...PAPER, SAFETY_SAFE_MODE_DEFAULT: "maybe" }, [/got "maybe", expected 1 or 0/]],
  [
    "an unknown choice",
    { ...PAPER, SAFETY_ON_ERROR: "OPEN" },
    [/expected one of open, closed \(default open\)/],
  ],
  [
    "an address for everyone",
    { ...PAPER, ADMIN_HOST: "0.0.0.0" },
    [/ADMIN_HOST: got "0.0.0.0", expected a loopback/],
  ],
  ["a port out of bounds", { ...PAPER, ADMIN_PORT: "70000" }, [/ADMIN_PORT/]],
  ["a foreign scheme", { ...PAPER, REDIS_URL: "http://h" }, [/REDIS_URL: got "http:\/\/h", expected a URL/]],
  [
    "another database",
    { ...PAPER, REDIS_URL: "redis://h:6379/1" },
    [/REDIS_URL: got "redis:\/\/h:6379\/1", expected a URL .* of no other database than 0/],
  ],
  ["a relative unix path", { ...PAPER, REDIS_URL: "unix://run/x" }, [/REDIS_URL/]],
  [
    "a relative state folder",
    { ...PAPER, STATE_DIR: "state" },
    [/STATE_DIR: got "state", expected an absolute/],
  ],
  ["testnet on in LIVE", { TRADING_MODE: "LIVE", BINANCE_TESTNET: "1" }, [/BINANCE_TESTNET: got "1".*LIVE/]],
  [
    "testnet off in TESTNET",
    { TRADING_MODE: "TESTNET", USE_BINANCE_TESTNET: "false" },
    [/TRADING_MODE is TESTNET/],
  ],
  [
    "a misspelt limit",
    { ...PAPER, SAFETY_GLOBAL_MAX_INTENT: "5" },
    [/did you mean SAFETY_GLOBAL_MAX_INTENTS_PER_W/],
  ],
  [
    "an invented limit",
    { ...PAPER, SAFETY_BREAKER_COUNT: "5" },
    [/SAFETY_BREAKER_COUNT: there is no such setting/],
  ],
  ["swapped letters", { ...PAPER, REDIS_ULR: "redis://h" }, [/REDIS_ULR: .*did you mean REDIS_URL/]],
  ["a check over two settings", { ...PAPER, SAFETY_FAULT_COOLDOWN_SEC: "5" }, [/shorter than the window/]],
];

describe("a configuration that does not", () => {
  test.each(FAULTY)("says so: %s", (_what, environment, expected) => {
    const faults = faultsOf(environment);
    expect(faults).toHaveLength(expected.length);
    for (const [at, pattern] of expected.entries()) expect(faults[at]).toMatch(pattern);
  });

  test("has every fault listed at once", () => {
    const faults = faultsOf({
      TRADING_MODE: "REAL",
      SAFETY_WINDOW_SEC: "ten",
      REDIS_URL: "redis://u:hidden@",
      ADMIN_TOKEN: "two words",
      BINANCE_TESTNET: "perhaps",
      GOVERNOR_MAX_DAILY_TRADE: "5",
    });
    expect(faults.map((fault) => fault.split(":", 1)[0]).sort()).toEqual([
      "ADMIN_TOKEN",
      "BINANCE_TESTNET",
      "GOVERNOR_MAX_DAILY_TRADE",
      "REDIS_URL",
      "SAFETY_WINDOW_SEC",
      "TRADING_MODE",
    ]);
    expect(faults.join("\n")).not.toMatch(/hidden|two words/);
  });

  test("a check over two settings is made even when another setting is at fault", () => {
    expect(faultsOf({ SAFETY_FAULT_COOLDOWN_SEC: "5" })).toHaveLength(2);
  });
});

describe("variables of others", () => {
  test.each(["PATH", "MAX_JOBS", "MIN_UPTIME", "PAPER_SIZE", "LOG_LEVELS_EXTRA", "GATE_MODE", "HALT_FILE"])(
    "%s is left alone",
    (name) => {
      expect(faultsOf({ ...PAPER, [name]: "1" })).toEqual([]);
    },
  );

  test("a neighbour of a setting that is itself set is left alone", () => {
    expect(faultsOf({ ...PAPER, REDIS_URL: "redis://h", REDIS_URI: "redis://h" })).toEqual([]);
    expect(faultsOf({ ...PAPER, REDIS_URI: "redis://h" })).toHaveLength(1);
  });
});

describe("credentials", () => {
  const folder = mkdtempSync(join(tmpdir(), "quantum-credentials-"));
  writeFileSync(join(folder, "binance-api-key"), "from-file\n");
  writeFileSync(join(folder, "admin-token-execution"), "its-token");
  const given = { ...PAPER, CREDENTIALS_DIRECTORY: folder };

  test("are read from the files of the credentials folder", () => {
    expect(read(given).BINANCE_API_KEY).toBeInstanceOf(Secret);
    expect(read(given).BINANCE_API_KEY?.reveal()).toBe("from-file");
    expect(read(given).ADMIN_TOKEN?.reveal()).toBe("its-token");
    expect(read(given).BINANCE_API_SECRET).toBeUndefined();
  });

  test("give the whole Redis URL, because its password is a secret, and never print it", () => {
    const url = "redis://router:hush@127.0.0.1:6379";
    const holder = mkdtempSync(join(tmpdir(), "quantum-credentials-"));
    writeFileSync(join(holder, "redis-url"), `${url}\n`);
    const config = read({ ...PAPER, CREDENTIALS_DIRECTORY: holder });
    expect(config.REDIS_URL.reveal()).toBe(url);
    expect(String(config.REDIS_URL)).not.toContain("hush");
    writeFileSync(join(holder, "redis-url"), "redis://router:hush@");
    expect(faultsOf({ ...PAPER, CREDENTIALS_DIRECTORY: holder }).join()).not.toContain("hush");
  });

  test("given twice and different are a fault, given twice and equal are not", () => {
    expect(faultsOf({ ...given, BINANCE_API_KEY: "from-env" })).toEqual([
      expect.stringMatching(/^BINANCE_API_KEY: .*two different values/),
    ]);
    expect(read({ ...given, BINANCE_API_KEY: "from-file" }).BINANCE_API_KEY?.reveal()).toBe("from-file");
  });

  test("that are empty or no file are a fault that names the file, not an absent secret", () => {
    const broken = mkdtempSync(join(tmpdir(), "quantum-credentials-"));
    writeFileSync(join(broken, "binance-api-key"), "");
    writeFileSync(join(broken, "binance-api-secret"), "x");
    chmodSync(join(broken, "binance-api-secret"), 0);
    const faults = faultsOf({ ...PAPER, CREDENTIALS_DIRECTORY: broken });
    expect(faults[0]).toContain(`${broken}/binance-api-key cannot be read`);
    // The administrator may read any file, whatever its mode.
    if (process.getuid?.() !== 0) expect(faults[1]).toContain(`${broken}/binance-api-secret cannot be read`);
  });
});
