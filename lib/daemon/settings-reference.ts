import type { SettingsShape } from "./daemon-spec.ts";
import { settingFacts } from "./setting-facts.ts";

/** A row of the generated configuration reference. */
export interface SettingRow {
  readonly name: string;
  /** "" when there is none. */
  readonly fallback: string;
  readonly expected: string;
  readonly description: string;
}

/** The settings of a shape, in their order, for the documentation. */
export function settingsReference(shape: SettingsShape): readonly SettingRow[] {
  return Object.entries(shape).map(([name, schema]) => {
    const facts = settingFacts.get(schema);
    return {
      name,
      fallback: facts?.fallback ?? "",
      expected: facts?.expected ?? "",
      description: [facts?.description ?? schema.description ?? "", credentialNote(facts?.credentialFile)]
        .filter((part) => part !== "")
        .join(" "),
    };
  });
}

function credentialNote(file: string | undefined): string {
  return file === undefined ? "" : `Or the credential file \`${file}\`.`;
}
