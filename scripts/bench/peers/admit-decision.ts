import { decodeDecision } from "../../../lib/contract/decision.ts";
import type { AdmissionRequest } from "../../../lib/kernel/admit.ts";
import { decideAdmission } from "../../../lib/routing/decide-admission.ts";
import { OPEN_BOUNDS } from "../drive/pending-decisions.ts";

type Fields = Readonly<Record<string, string>>;

/** The entry that a decision asks for, decoded and decided on as the router does. Throws when it is none. */
export function entryOf(
  entryId: string,
  fields: Fields,
): AdmissionRequest & { readonly kind: "entry" | "exit" } {
  const decoded = decodeDecision(fields);
  const request = decideAdmission({ entryId, fields, decoded, bounds: OPEN_BOUNDS, nowMs: Date.now() });
  if (request.kind !== "entry" && request.kind !== "exit")
    throw new Error(`a decision became ${request.kind}`);
  return request;
}
