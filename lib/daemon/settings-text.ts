import { z } from "zod";
import { withFacts } from "./setting-facts.ts";

const BOOLEAN_WORDS = "1 or 0 (or true/false, yes/no, on/off)";

const booleanSchema = () =>
  z.stringbool({ truthy: ["1", "true", "yes", "on"], falsy: ["0", "false", "no", "off"] });

/** On or off. */
export function booleanSetting(facts: { readonly description: string; readonly fallback: boolean }) {
  return withFacts(booleanSchema().default(facts.fallback), {
    description: facts.description,
    expected: BOOLEAN_WORDS,
    fallback: facts.fallback ? "1" : "0",
  });
}

/** On, off, or not said. */
export function optionalBooleanSetting(facts: { readonly description: string }) {
  return withFacts(booleanSchema().optional(), { ...facts, expected: BOOLEAN_WORDS });
}

/** One of a list, written exactly so. `fallback` absent: the setting is required. */
export function choiceSetting<const Choices extends readonly [string, ...string[]]>(facts: {
  readonly choices: Choices;
  readonly description: string;
  readonly fallback?: Choices[number];
}) {
  const schema = z.enum(facts.choices);
  const withDefault: z.ZodType<Choices[number], string | undefined> =
    facts.fallback === undefined
      ? z.string({ error: "required" }).pipe(schema)
      : z.string().default(facts.fallback).pipe(schema);
  return withFacts(withDefault, {
    description: facts.description,
    expected: `one of ${facts.choices.join(", ")}`,
    fallback: facts.fallback,
  });
}

interface TextFacts {
  readonly description: string;
  /** Default: anything. */
  readonly pattern?: RegExp;
  readonly expected: string;
}

/** Text of a pattern. `fallback` absent: the setting is required. */
export function textSetting(facts: TextFacts & { readonly fallback?: string }) {
  const schema = z.string().regex(facts.pattern ?? /^/);
  return withFacts(facts.fallback === undefined ? schema : schema.default(facts.fallback), facts);
}

/** Text of a pattern that may be absent. */
export function optionalTextSetting(facts: TextFacts) {
  return withFacts(
    z
      .string()
      .regex(facts.pattern ?? /^/)
      .optional(),
    facts,
  );
}
