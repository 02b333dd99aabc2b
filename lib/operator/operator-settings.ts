import { accessSync, constants, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { parseEnv } from "node:util";
import type { Environment } from "../daemon/environment.ts";
import { haltSettings, panicSocketSettings } from "../daemon/settings-emergency.ts";
import { exchangeSettings } from "../daemon/settings-exchange.ts";
import { shownLimitSettings } from "../daemon/settings-limits.ts";
import { resultStreamSetting } from "../daemon/settings-pipeline.ts";

/** What quantumctl is configured by: the same variables as the daemons it looks after. */
export const operatorSettings = {
  ...exchangeSettings,
  ...haltSettings,
  ...panicSocketSettings,
  ...resultStreamSetting,
  ...shownLimitSettings,
} as const;

/** Where install.sh puts the configuration. */
export const SETTINGS_FOLDER = "/etc/quantum";

/** Read in this order, a later one over an earlier one, as the units do; the last is the router's limits. */
const FILES = ["testnet.env", "quantum.env", "core_safety.env"] as const;
/** The router's own file, which wins in its unit: of it the limits that are shown, and nothing that is the router's alone. */
const ROUTER_FILE = "quantum-ai-strategy-router.env";
/** The same for stream recovery, which a command runs as its timer does: as its unit reads them. */
export const RECOVERY_FILES: readonly string[] = [
  ...["testnet.env", "quantum.env", "core_gates.env"],
  "quantum-stream-recover.env",
];
/** Variable → the credential of its name; the Redis URL is the operator's own. */
const CREDENTIALS = {
  REDIS_URL: "redis-url-quantumctl",
  BINANCE_API_KEY: "binance-api-key",
  BINANCE_API_SECRET: "binance-api-secret",
} as const;

/**
 * The daemons' own environment for a person at a terminal: the settings files under the process's variables,
 * and the operator's Redis URL and the venue's keys from the credentials folder where it may be read. An absent
 * file is fine; one that may not be read throws SettingsFileError, which names it.
 */
export function operatorEnvironment(
  own: Environment,
  folder: string,
  files: readonly string[] = FILES,
): Environment {
  const valuesOf = (file: string) => parseEnv(readIfThere(join(folder, file)) ?? "");
  const limits = Object.entries(valuesOf(ROUTER_FILE)).filter(([name]) => name in shownLimitSettings);
  const fromFiles = [...files.map(valuesOf), Object.fromEntries(limits)];
  const credentials = own["CREDENTIALS_DIRECTORY"] ?? join(folder, "credentials");
  const merged: Environment = Object.assign({}, ...fromFiles, own);
  const given: Record<string, string> = {};
  for (const [name, file] of Object.entries(CREDENTIALS)) {
    const value = merged[name] === undefined ? readIfThere(join(credentials, file))?.trim() : undefined;
    if (value !== undefined && value !== "") given[name] = value;
  }
  // The folder itself is not handed on: its files are named for this purpose here.
  return { ...merged, ...given, CREDENTIALS_DIRECTORY: undefined };
}

/** A file of the configuration is there and may not be read: unreadable is never a mode. */
export class SettingsFileError extends Error {
  readonly code = "SETTINGS_UNREADABLE";
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    const code = error instanceof Error && "code" in error ? error.code : undefined;
    if (code === "ENOENT" || code === "ENOTDIR") return undefined;
    const closed = mayEnter(dirname(path)) ? path : dirname(path);
    throw new SettingsFileError(`${closed} may not be read (${String(code)}): run this with sudo`, {
      cause: error,
    });
  }
}

/** Whether a file of it is there is not even to be known otherwise. */
function mayEnter(folder: string): boolean {
  try {
    accessSync(folder, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
