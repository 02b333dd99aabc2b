import type { AdmissionLimits, AdmissionRequest } from "../../lib/kernel/admit.ts";

/**
 * Admission in plain TypeScript, as the design's text has it and nothing of the Lua: every admission time is
 * kept and windows are counted by looking at all of them. Tests compare the server's verdicts with it.
 */
export class AdmissionModel {
  killEngaged = false;
  halted = false;
  safeModeUntilMs: number | undefined;
  daily = 0;
  backlog = 0;
  readonly published: { intentId: string; stream: "intent" | "exit" }[] = [];
  trips = 0;
  readonly #limits: AdmissionLimits;
  readonly #messages = new Set<string>();
  readonly #intents = new Set<string>();
  #globalTimes: number[] = [];
  readonly #symbolTimes = new Map<string, number[]>();

  constructor(limits: AdmissionLimits) {
    this.#limits = limits;
  }

  /** Everything that was counted moves `ms` into the past, as if that time had gone by. */
  elapse(ms: number): void {
    this.#globalTimes = this.#globalTimes.map((time) => time - ms);
    for (const [symbol, times] of this.#symbolTimes) {
      this.#symbolTimes.set(
        symbol,
        times.map((time) => time - ms),
      );
    }
    if (this.safeModeUntilMs !== undefined) this.safeModeUntilMs -= ms;
  }

  judge(request: AdmissionRequest, nowMs: number): string {
    const verdict = this.#verdict(request, nowMs);
    this.#messages.add(`${request.correlationId}||${request.traceId}||${request.id}`);
    return verdict;
  }

  #verdict(request: AdmissionRequest, nowMs: number): string {
    if (request.kind === "skip") return "SKIPPED";
    if (request.kind === "dead") return "DEAD";
    if (request.kind === "INVALID" || request.kind === "EXPIRED") return request.kind;
    const message = `${request.correlationId}||${request.traceId}||${request.id}`;
    if (this.#messages.has(message) || this.#intents.has(request.intentId)) return "DUPLICATE";
    if (request.kind === "exit") return this.#publish(request.intentId, "exit");
    if (this.killEngaged) return "KILL_SWITCH";
    if (this.halted) return "TRADING_HALTED";
    if (this.safeModeUntilMs !== undefined && nowMs < this.safeModeUntilMs) return "SAFE_MODE_ENABLED";
    if (this.daily >= this.#limits.dailyMax) return "DAILY_LIMIT_REACHED";
    if (this.backlog > this.#limits.backlogMax) return "BACKLOG_FULL";
    return this.#rateVerdict(request.symbol, nowMs) ?? this.#publish(request.intentId, "intent");
  }

  #rateVerdict(symbol: string, nowMs: number): string | undefined {
    const inWindow = (times: readonly number[]) =>
      times.filter((time) => nowMs - time < this.#limits.windowSec * 1000).length;
    this.#globalTimes.push(nowMs);
    if (inWindow(this.#globalTimes) > this.#limits.globalMax)
      return this.#trip("GLOBAL_RATE_EXCEEDED", nowMs);
    const times = this.#symbolTimes.get(symbol) ?? [];
    this.#symbolTimes.set(symbol, times);
    times.push(nowMs);
    if (inWindow(times) > this.#limits.symbolMax) return this.#trip("SYMBOL_RATE_EXCEEDED", nowMs);
    return undefined;
  }

  #trip(reason: string, nowMs: number): string {
    this.trips += 1;
    this.safeModeUntilMs = nowMs + this.#limits.cooldownSec * 1000;
    return reason;
  }

  #publish(intentId: string, stream: "intent" | "exit"): string {
    this.#intents.add(intentId);
    this.published.push({ intentId, stream });
    if (stream === "exit") return "EXIT";
    this.daily += 1;
    this.backlog += 1;
    return "ADMITTED";
  }
}
