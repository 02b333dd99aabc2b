import { z } from "zod";
import type { Role } from "../contract/roles.ts";
import { ConfigurationError, type ConfigurationFault } from "./configuration-fault.ts";
import { readCredentialFile } from "./credential-file.ts";
import type { DaemonSpec, SettingsOf, SettingsShape } from "./daemon-spec.ts";
import { cleanValue, type Environment } from "./environment.ts";
import { misspeltSettings } from "./misspelt-settings.ts";
import { modeDisagreements } from "./mode-agreement.ts";
import { redactUrl } from "./secret-url.ts";
import { type SettingFacts, settingFacts } from "./setting-facts.ts";
import { commonSettings } from "./settings-common.ts";

/**
 * From environment and credential files to checked settings.
 *
 * 1. Every fault is found in one go; none is printed with a secret in it.
 * 2. A value is either right or a fault: nothing is guessed, nothing falls back to its default because it
 *    was misspelt.
 */
export function readConfiguration<Shape extends SettingsShape>(source: {
  readonly spec: Pick<DaemonSpec<Shape>, "role" | "settings" | "check">;
  readonly environment: Environment;
  readonly hostname: string;
}): SettingsOf<Shape> {
  const { spec, environment } = source;
  const shape = fullShape(spec.role, source.hostname, spec.settings);
  const faults: ConfigurationFault[] = [];
  const values: Record<string, unknown> = {};
  for (const [name, schema] of Object.entries(shape)) {
    const given = givenValue(name, schema, environment);
    if (given.fault !== undefined) faults.push(given.fault);
    const parsed = z.safeParse(schema, given.value);
    if (parsed.success) values[name] = parsed.data;
    else if (given.fault === undefined)
      faults.push(faultOf({ name, schema, value: given.value }, parsed.error));
  }
  const names = Object.keys(environment).filter((name) => cleanValue(environment[name]) !== undefined);
  faults.push(...misspeltSettings(names, Object.keys(shape)));
  faults.push(...modeDisagreements(modeSchema.parse(values)));
  // The codec's one cast: every value has just come out of the schema of its name.
  const partial = values as Partial<SettingsOf<Shape>>;
  faults.push(...(spec.check?.(partial) ?? []));
  if (faults.length > 0) throw new ConfigurationError(faults);
  return values as SettingsOf<Shape>;
}

/** The common settings and the role's own, which may redeclare a common one. */
function fullShape(role: Role, hostname: string, own: SettingsShape): SettingsShape {
  return { ...commonSettings(role, hostname), ...own };
}

const modeSchema = z.object({
  TRADING_MODE: z.enum(["PAPER", "TESTNET", "LIVE"]).optional().catch(undefined),
  BINANCE_TESTNET: z.boolean().optional(),
  USE_BINANCE_TESTNET: z.boolean().optional(),
});

interface GivenValue {
  readonly value: string | undefined;
  readonly fault?: ConfigurationFault;
}

function givenValue(name: string, schema: z.ZodType, environment: Environment): GivenValue {
  const value = cleanValue(environment[name]);
  const file = settingFacts.get(schema)?.credentialFile;
  if (file === undefined) return { value };
  const credential = readCredentialFile(cleanValue(environment["CREDENTIALS_DIRECTORY"]), file);
  if (credential.kind === "absent") return { value };
  if (credential.kind === "unreadable") {
    const problem = `the credential file ${credential.path} cannot be read: ${credential.why}`;
    return { value, fault: { name, problem } };
  }
  if (value === undefined || value === credential.value) return { value: credential.value };
  const problem = `the environment and the credential ${file} give two different values; keep one`;
  return { value, fault: { name, problem } };
}

function faultOf(
  setting: { readonly name: string; readonly schema: z.ZodType; readonly value: string | undefined },
  error: z.ZodError,
): ConfigurationFault {
  const facts: SettingFacts | undefined = settingFacts.get(setting.schema);
  const words = facts?.expected ?? error.issues[0]?.message ?? "another value";
  const expected = facts?.fallback === undefined ? words : `${words} (default ${facts.fallback})`;
  if (setting.value === undefined) return { name: setting.name, got: undefined, expected };
  const got = facts?.secret ? "[redacted]" : redactUrl(setting.value);
  return { name: setting.name, got, expected };
}
