import { z } from "zod";
import { type SettingFacts, withFacts } from "./setting-facts.ts";

interface SettingReading<Value, Absent> {
  /** The value that the text stands for; undefined when it stands for none. */
  readonly read: (text: string) => Value | undefined;
  /** Makes the value of a setting that was not set. Leave it out and the setting is required. */
  readonly whenAbsent?: (() => Absent) | undefined;
}

/**
 * The schema of one setting: text in, value out. One schema whatever it checks: a chain of string, pattern, transform
 * and default is eight of them, and a role with fifty settings then held 2 MiB for what it reads once.
 */
export function settingSchema<Value, Absent = never>(
  reading: SettingReading<Value, Absent>,
  facts: Partial<SettingFacts>,
): z.ZodType<Value | Absent, string | undefined> {
  const { read, whenAbsent } = reading;
  const schema = z.transform<string | undefined, Value | Absent>((input, context) => {
    if (input === undefined && whenAbsent !== undefined) return whenAbsent();
    const value = typeof input === "string" ? read(input) : undefined;
    if (value !== undefined) return value;
    context.issues.push({ code: "custom", message: "no such value", input });
    return z.NEVER;
  });
  return withFacts(schema, facts);
}
