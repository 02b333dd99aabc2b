import { settingSchema } from "./setting-schema.ts";

const BOOLEAN_WORDS = "1 or 0 (or true/false, yes/no, on/off)";
const TRUE_WORDS: readonly string[] = ["1", "true", "yes", "on"];
const FALSE_WORDS: readonly string[] = ["0", "false", "no", "off"];

function readBoolean(text: string): boolean | undefined {
  const word = text.toLowerCase();
  if (TRUE_WORDS.includes(word)) return true;
  return FALSE_WORDS.includes(word) ? false : undefined;
}

/** On or off. */
export function booleanSetting(facts: { readonly description: string; readonly fallback: boolean }) {
  const { description, fallback } = facts;
  return settingSchema(
    { read: readBoolean, whenAbsent: () => fallback },
    { description, expected: BOOLEAN_WORDS, fallback: fallback ? "1" : "0" },
  );
}

/** On, off, or not said. */
export function optionalBooleanSetting(facts: { readonly description: string }) {
  return settingSchema(
    { read: readBoolean, whenAbsent: () => undefined },
    { ...facts, expected: BOOLEAN_WORDS },
  );
}

/** One of a list, written exactly so. `fallback` absent: the setting is required. */
export function choiceSetting<const Choices extends readonly [string, ...string[]]>(facts: {
  readonly choices: Choices;
  readonly description: string;
  readonly fallback?: Choices[number];
}) {
  const { choices, description, fallback } = facts;
  const read = (text: string): Choices[number] | undefined => choices.find((choice) => choice === text);
  return settingSchema(
    { read, whenAbsent: fallback === undefined ? undefined : () => fallback },
    { description, expected: `one of ${choices.join(", ")}`, fallback },
  );
}

interface TextFacts {
  readonly description: string;
  /** Default: anything. */
  readonly pattern?: RegExp;
  readonly expected: string;
}

const readText = (facts: TextFacts) => (text: string) =>
  facts.pattern === undefined || facts.pattern.test(text) ? text : undefined;

/** Text of a pattern. `fallback` absent: the setting is required. */
export function textSetting(facts: TextFacts & { readonly fallback?: string }) {
  const { fallback } = facts;
  const whenAbsent = fallback === undefined ? undefined : () => fallback;
  return settingSchema({ read: readText(facts), whenAbsent }, facts);
}

/** Text of a pattern that may be absent. */
export function optionalTextSetting(facts: TextFacts) {
  return settingSchema({ read: readText(facts), whenAbsent: () => undefined }, facts);
}
