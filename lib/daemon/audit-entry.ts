/** An operator's mutation. */
export interface AuditEntry {
  readonly atMs: number;
  readonly role: string;
  readonly instance: string;
  /** From `X-Operator`. */
  readonly who: string;
  /** `PUT /v1/safe-mode`, or what the route says. */
  readonly what: string;
  readonly before: string;
  readonly after: string;
}

/** The fields of an entry of the audit stream, flat, as XADD takes them. */
export function encodeAuditEntry(entry: AuditEntry): readonly string[] {
  return [
    "ts",
    String(entry.atMs),
    "role",
    entry.role,
    "instance",
    entry.instance,
    "who",
    entry.who,
    "what",
    entry.what,
    "before",
    entry.before,
    "after",
    entry.after,
  ];
}
