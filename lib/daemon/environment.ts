/** Variables as the process was given them. */
export type Environment = Readonly<Record<string, string | undefined>>;

/** The only place that reads the process's environment. */
export function processEnvironment(): Environment {
  return Bun.env;
}

/**
 * A value as its author meant it: systemd hands a `# comment` behind a value over as part of it. Blanks
 * around are cut; nothing left is "not set". A secret that begins with # stays: no blank follows there.
 */
export function cleanValue(raw: string | undefined): string | undefined {
  const value = raw
    ?.trim()
    .replace(/(?:\s#|^#(?=\s|$)).*$/s, "")
    .trim();
  return value === undefined || value === "" ? undefined : value;
}
