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

/** As it stands in the audit stream. */
export function encodeAuditEntry({ atMs, ...said }: AuditEntry): Readonly<Record<string, string>> {
  return { ts: String(atMs), ...said };
}
