import { z } from "zod";

/** What the schema alone cannot say of a setting; the configuration reference is generated from it. */
export interface SettingFacts {
  readonly description: string;
  /** In plain words, after "expected": "a whole number from 1 to 60". */
  readonly expected: string;
  /** As the documentation shows it; undefined when there is none. */
  readonly fallback: string | undefined;
  /** The value must not be printed. */
  readonly secret: boolean;
  /** File in CREDENTIALS_DIRECTORY that may hold it instead of the environment. */
  readonly credentialFile: string | undefined;
}

/** Facts by schema; a clone (`.describe`, `.optional`) inherits those of its origin. */
export const settingFacts = z.registry<SettingFacts>();

/** Files the facts of a schema and hands the schema on. */
export function withFacts<Schema extends z.ZodType>(schema: Schema, facts: Partial<SettingFacts>): Schema {
  settingFacts.add(schema, {
    description: facts.description ?? "",
    expected: facts.expected ?? "another value",
    fallback: facts.fallback,
    secret: facts.secret ?? false,
    credentialFile: facts.credentialFile,
  });
  return schema;
}
