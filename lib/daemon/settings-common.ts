import { ROLES, type Role } from "../contract/roles.ts";
import { TRADING_MODES } from "../contract/trading-mode.ts";
import { integerSetting } from "./settings-number.ts";
import { secretSetting, urlSetting } from "./settings-secret.ts";
import { choiceSetting, optionalBooleanSetting, optionalTextSetting, textSetting } from "./settings-text.ts";

const FOLDER = { pattern: /^\//, expected: "an absolute path" };

/** What every daemon is configured by; the same in a terminal and in a unit. */
export function commonSettings(role: Role, hostname: string) {
  return {
    TRADING_MODE: choiceSetting({
      choices: TRADING_MODES,
      description: "Where orders go. No default: a process that does not know its mode does not start.",
    }),
    BINANCE_TESTNET: optionalBooleanSetting({
      description: "Of the earlier system; must agree with TRADING_MODE.",
    }),
    USE_BINANCE_TESTNET: optionalBooleanSetting({
      description: "Of the earlier system; must agree with TRADING_MODE.",
    }),
    REDIS_URL: urlSetting({
      schemes: ["redis", "rediss", "unix"],
      fallback: "redis://127.0.0.1:6379",
      credentialFile: "redis-url",
      description:
        "Redis; user and password allowed. Database 0: two installations on one server differ by QUANTUM_NAMESPACE.",
    }),
    QUANTUM_NAMESPACE: textSetting({
      fallback: "",
      // One hash tag at most, and not an empty one: that would be no tag, and keys would be spread over slots.
      pattern: /^(?=.{0,64}$)[A-Za-z0-9_:-]*(?:\{[A-Za-z0-9_:-]+\}[A-Za-z0-9_:-]*)?$/,
      expected: "at most 64 of A-Z a-z 0-9 _ - : and one hash tag in braces, such as {acct-7}",
      description: "Prefix of every key.",
    }),
    QUANTUM_INSTANCE: textSetting({
      fallback: hostname,
      pattern: /^[A-Za-z0-9._-]{1,64}$/,
      expected: "at most 64 of A-Z a-z 0-9 . _ -",
      description: "Stable name of this instance: consumer name and owner token. Default: the host's name.",
    }),
    ADMIN_HOST: textSetting({
      fallback: "127.0.0.1",
      pattern: /^(?:127(?:\.\d{1,3}){3}|localhost|::1)$/,
      expected: "a loopback address (127.0.0.1, ::1 or localhost)",
      description: "Address of the admin server: loopback only.",
    }),
    ADMIN_PORT: integerSetting({
      fallback: ROLES[role].adminPort ?? 0,
      min: 0,
      max: 65_535,
      description: "Port of the admin server; 0 takes any free one and logs it.",
    }),
    ADMIN_TOKEN: secretSetting({
      credentialFile: `admin-token-${role}`,
      description: "Bearer token of mutations, this role's own. Without one they are refused.",
    }),
    STATE_DIR: optionalTextSetting({
      ...FOLDER,
      description: `Journals, sockets and the instance lock. Default: STATE_DIRECTORY, else /var/lib/quantum/${role}.`,
    }),
    STATE_DIRECTORY: optionalTextSetting({ ...FOLDER, description: "Set by systemd." }),
    LOG_LEVEL: choiceSetting({
      choices: ["trace", "debug", "info", "warn", "error", "fatal"],
      fallback: "info",
      description: "JSON lines on stdout from this level up.",
    }),
    DRAIN_TIMEOUT_SEC: integerSetting({
      fallback: 10,
      min: 1,
      max: 300,
      description:
        "How long a stop waits for what is in flight before the process ends with 2. Keep it under the unit's TimeoutStopSec " +
        "(20 s, execution 30 s), or raise that in a drop-in: systemd kills at its own.",
    }),
  };
}

export type CommonShape = ReturnType<typeof commonSettings>;
