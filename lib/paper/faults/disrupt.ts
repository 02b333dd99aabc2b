import { VENUE_ERRORS } from "../engine/rejection.ts";
import { type Answer, errorReply, jsonReply, type VenueReply } from "../http/venue-reply.ts";
import type { Disruption, FaultPlan } from "./fault-injector.ts";

/** The request's own way, for effects that let it happen. */
export interface Execution {
  execute(): VenueReply;
  executeLate(ms: number): void;
}

const UNKNOWN_503 = "Unknown error, please check your request or try again later.";
const UNAVAILABLE_503 = "Service Unavailable.";

/** What the client sees of one request under a fault plan. */
export function disrupt(plan: FaultPlan, request: Execution): Answer {
  const { disruption } = plan;
  if (disruption === undefined) return request.execute();
  if ("executed" in disruption && disruption.executed) request.execute();
  return answerOf(disruption, request);
}

function answerOf(disruption: Disruption, request: Execution): Answer {
  switch (disruption.kind) {
    case "lost_request":
      return "drop";
    case "lost_reply":
      request.execute();
      return "drop";
    case "http":
      return { status: disruption.status, body: disruption.body, headers: { "content-type": "text/html" } };
    case "garbage":
      return { status: disruption.status, body: disruption.body, headers: { "content-type": "text/html" } };
    case "unavailable": {
      const msg = disruption.text === "unknown" ? UNKNOWN_503 : UNAVAILABLE_503;
      return jsonReply(503, { code: 503, msg });
    }
    case "error":
      return errorReply(
        { code: disruption.code, msg: disruption.msg ?? documentedText(disruption.code) },
        disruption.status,
      );
    case "limited":
      return jsonReply(
        disruption.status,
        { code: disruption.code, msg: documentedText(disruption.code) },
        { "Retry-After": String(disruption.retryAfterSec) },
      );
    case "delayed_execution":
      request.executeLate(disruption.ms);
      return lateAnswer(disruption.reply);
  }
}

function lateAnswer(reply: "drop" | "timeout" | "unknown_503"): Answer {
  if (reply === "drop") return "drop";
  if (reply === "timeout") return errorReply({ code: -1007, msg: documentedText(-1007) });
  return jsonReply(503, { code: 503, msg: UNKNOWN_503 });
}

function documentedText(code: number): string {
  const known = Object.values(VENUE_ERRORS).find(([number]) => number === code);
  return known?.[1] ?? "Rejected.";
}
