import { hash } from "node:crypto";

/** Longest text of a decision or intent, in UTF-16 units: it goes into keys, results, fault events and log lines. */
export const TEXT_LENGTH_MAX = 256;
/** Longest decision or intent that may open a position, as JSON in UTF-16 units; a sound one has a few hundred. */
export const PAYLOAD_LENGTH_MAX = 65_536;

/** The text, or its hash where it is too long: two that differ stay apart, where one that is cut would not. */
export function boundedText(text: string): string {
  return text.length <= TEXT_LENGTH_MAX ? text : `sha256:${hash("sha256", text, "hex")}`;
}

/** Those of the named texts that are too long. */
export function overlongTexts<Name extends string>(
  names: readonly Name[],
  of: Readonly<Partial<Record<Name, string | undefined>>>,
): readonly Name[] {
  return names.filter((name) => (of[name]?.length ?? 0) > TEXT_LENGTH_MAX);
}

/** Why something that would open a position is put aside; undefined: it is within bounds. */
export function boundsFault(overlong: readonly string[], payloadLength: number): string | undefined {
  if (payloadLength > PAYLOAD_LENGTH_MAX) return `payload: longer than ${PAYLOAD_LENGTH_MAX} characters`;
  const [first] = overlong;
  return first === undefined ? undefined : `${first}: longer than ${TEXT_LENGTH_MAX} characters`;
}
