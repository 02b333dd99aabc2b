import { readFileSync } from "node:fs";
import { parseEnv } from "node:util";
import type { Environment } from "../daemon/environment.ts";
import { haltSettings, panicSocketSettings } from "../daemon/settings-emergency.ts";
import { exchangeSettings } from "../daemon/settings-exchange.ts";

/** What quantumctl is configured by: the same variables as the daemons it looks after. */
export const operatorSettings = { ...exchangeSettings, ...haltSettings, ...panicSocketSettings } as const;

/** Where install.sh puts the configuration. */
export const SETTINGS_FILE = "/etc/quantum/quantum.env";
const CREDENTIALS = "/etc/quantum/credentials";

/**
 * The daemons' own environment for a person at a terminal: the settings file under the process's variables,
 * and the operator's Redis URL and the venue's keys from the credentials folder where it may be read. An absent
 * file is fine; one that may not be read throws and is named.
 */
export function operatorEnvironment(own: Environment, settingsFile: string): Environment {
  const fromFile: Environment = parseEnv(readIfThere(settingsFile) ?? "");
  const folder = own["CREDENTIALS_DIRECTORY"] ?? CREDENTIALS;
  const merged: Environment = { ...fromFile, ...own };
  const secrets = {
    REDIS_URL: "redis-url-quantumctl",
    BINANCE_API_KEY: "binance-api-key",
    BINANCE_API_SECRET: "binance-api-secret",
  };
  const given: Record<string, string> = {};
  for (const [name, file] of Object.entries(secrets)) {
    const value = merged[name] === undefined ? readIfThere(`${folder}/${file}`)?.trim() : undefined;
    if (value !== undefined && value !== "") given[name] = value;
  }
  // The folder itself is not handed on: its files are named for this purpose here.
  return { ...merged, ...given, CREDENTIALS_DIRECTORY: undefined };
}

function readIfThere(path: string): string | undefined {
  try {
    return readFileSync(path, "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && (error.code === "ENOENT" || error.code === "ENOTDIR"))
      return undefined;
    throw error;
  }
}
