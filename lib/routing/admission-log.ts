import type { AdmissionLimits, AdmissionRequest, AdmissionVerdict } from "../kernel/admit.ts";

/** A line for the log: level, fields and the words that operators grep for. */
export interface LogLine {
  readonly level: "debug" | "info" | "warn" | "error";
  readonly message: string;
  readonly fields: Readonly<Record<string, string | number>>;
}

/** The line that tells at start which limits are in force. */
export function kernelLimitsLine(limits: AdmissionLimits): LogLine {
  const message =
    `[SAFETY] Safety Kernel initialized | window=${limits.windowSec}s global_max=${limits.globalMax} ` +
    `symbol_max=${limits.symbolMax} cooldown=${limits.cooldownSec}s`;
  return { level: "info", message, fields: { ...limits } };
}

/** Whether the line of a verdict is of level debug. */
export function isOrdinary({ kind }: AdmissionVerdict): boolean {
  return kind === "ADMITTED" || kind === "EXIT" || kind === "SKIPPED";
}

type Denied = Extract<AdmissionVerdict, { kind: "DENIED" }>;

/** The line of a verdict. */
export function verdictLine(
  limits: AdmissionLimits,
  request: AdmissionRequest,
  verdict: AdmissionVerdict,
): LogLine {
  const { symbol, side, correlationId, traceId } = request;
  const fields = { entry: request.id, symbol, side, correlation_id: correlationId, trace_id: traceId };
  const detail = "detail" in request ? request.detail : "";
  switch (verdict.kind) {
    case "ADMITTED":
    case "EXIT":
      return { level: "debug", message: verdict.kind, fields: { ...fields, intent_entry: verdict.entryId } };
    case "SKIPPED":
    case "UNDECIDED":
      return { level: "debug", message: verdict.kind, fields };
    case "DEAD":
      return { level: "warn", message: "DEAD_LETTER", fields: { ...fields, detail } };
    case "RATE_FAULT":
      return {
        level: "error",
        message: "[SAFETY] FAIL_OPEN_ERROR",
        fields: { ...fields, error: verdict.error },
      };
    case "DENIED":
      return deniedLine(limits, request, verdict, { ...fields, reason: verdict.reason, detail });
  }
}

function deniedLine(
  limits: AdmissionLimits,
  request: AdmissionRequest,
  { reason, counts }: Denied,
  fields: LogLine["fields"],
): LogLine {
  const { symbol, side, correlationId } = request;
  if (counts !== undefined) {
    const message =
      `[SAFETY] CIRCUIT BREAKER TRIPPED | reason=${reason} symbol=${symbol} side=${side} | ` +
      `global=${counts.global}/${limits.globalMax} symbol=${counts.symbol}/${limits.symbolMax} | ` +
      `SAFE_MODE=ON for ${limits.cooldownSec}s | corr=${correlationId}`;
    return { level: "error", message, fields };
  }
  if (reason === "DUPLICATE") return { level: "info", message: "DUPLICATE_SKIP", fields };
  if (reason === "INVALID") return { level: "warn", message: "INVALID", fields };
  if (reason === "DAILY_LIMIT_REACHED") {
    return { level: "warn", message: `DAILY_COUNT limit reached | max=${limits.dailyMax}`, fields };
  }
  const message = `[SAFETY] BLOCKED | reason=${reason} ${symbol} ${side} | corr=${correlationId}`;
  return { level: reason === "EXPIRED" || reason === "SAFE_MODE_ENABLED" ? "info" : "warn", message, fields };
}
