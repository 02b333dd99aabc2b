import { seededRandom } from "../seeded-random.ts";
import type { FaultEffect, FaultRule, FaultScript } from "./fault-script.ts";

/** The part of a request that rules look at. */
export interface FaultSubject {
  readonly method: string;
  readonly path: string;
  readonly params: ReadonlyMap<string, string>;
}

/** Effects that decide what the client sees; at most one applies to a request. */
export type Disruption = Exclude<FaultEffect, { kind: "latency" | "partial_fill" | "clock_skew" }>;

/** What befalls one request. */
export interface FaultPlan {
  readonly delayBeforeMs: number;
  readonly delayAfterMs: number;
  readonly clockSkewMs: number;
  readonly fillFraction: number | undefined;
  readonly disruption: Disruption | undefined;
}

export interface RuleReport {
  readonly rule: FaultRule;
  readonly matched: number;
  readonly fired: number;
}

/**
 * 1. Rules are asked in order; every latency, partial fill and clock skew that fires applies, of the other
 *    effects only the first.
 * 2. A rule draws a random number only for a request it matches and may fire on, so that adding requests
 *    of another kind does not change what it does.
 */
export interface FaultInjector {
  planFor(subject: FaultSubject): FaultPlan;
  use(script: FaultScript): void;
  clear(): void;
  report(): readonly RuleReport[];
}

const CALM: FaultPlan = {
  delayBeforeMs: 0,
  delayAfterMs: 0,
  clockSkewMs: 0,
  fillFraction: undefined,
  disruption: undefined,
};

interface LiveRule {
  readonly rule: FaultRule;
  readonly random: () => number;
  matched: number;
  fired: number;
}

/** Without a script nothing is ever disturbed, and asking costs nothing. */
export function createFaultInjector(script?: FaultScript): FaultInjector {
  let rules: LiveRule[] = script === undefined ? [] : liveRules(script);
  return {
    planFor: (subject) => (rules.length === 0 ? CALM : planOf(rules, subject)),
    use: (next) => {
      rules = liveRules(next);
    },
    clear: () => {
      rules = [];
    },
    report: () => rules.map(({ rule, matched, fired }) => ({ rule, matched, fired })),
  };
}

function liveRules(script: FaultScript): LiveRule[] {
  return script.rules.map((rule, index) => ({
    rule,
    random: seededRandom(`${script.seed}#${index}`),
    matched: 0,
    fired: 0,
  }));
}

function planOf(rules: readonly LiveRule[], subject: FaultSubject): FaultPlan {
  let plan = CALM;
  for (const live of rules) {
    if (!matches(live.rule.match, subject)) continue;
    live.matched += 1;
    const { effect } = live.rule;
    if (plan.disruption !== undefined && !isModifier(effect)) continue;
    if (!fires(live)) continue;
    live.fired += 1;
    plan = withEffect(plan, effect, live.random);
  }
  return plan;
}

function fires(live: LiveRule): boolean {
  const { after, count, probability } = live.rule;
  if (live.matched <= after) return false;
  if (count !== undefined && live.fired >= count) return false;
  return probability >= 1 || live.random() < probability;
}

function isModifier(effect: FaultEffect): boolean {
  return effect.kind === "latency" || effect.kind === "partial_fill" || effect.kind === "clock_skew";
}

function withEffect(plan: FaultPlan, effect: FaultEffect, random: () => number): FaultPlan {
  switch (effect.kind) {
    case "latency": {
      const delayMs = effect.ms + Math.floor(random() * (effect.jitterMs + 1));
      return effect.when === "before"
        ? { ...plan, delayBeforeMs: plan.delayBeforeMs + delayMs }
        : { ...plan, delayAfterMs: plan.delayAfterMs + delayMs };
    }
    case "partial_fill":
      return { ...plan, fillFraction: effect.fraction };
    case "clock_skew":
      return { ...plan, clockSkewMs: plan.clockSkewMs + effect.ms };
    case "lost_request":
    case "lost_reply":
    case "http":
    case "unavailable":
    case "error":
    case "limited":
    case "garbage":
    case "delayed_execution":
      return { ...plan, disruption: effect };
  }
}

function matches(match: FaultRule["match"], subject: FaultSubject): boolean {
  if (match.method !== undefined && match.method !== subject.method) return false;
  if (match.path !== undefined && !pathMatches(match.path, subject.path)) return false;
  if (match.symbol !== undefined && match.symbol !== subject.params.get("symbol")) return false;
  if (match.params === undefined) return true;
  return Object.entries(match.params).every(([name, value]) => subject.params.get(name) === value);
}

function pathMatches(pattern: string, path: string): boolean {
  return pattern.endsWith("*") ? path.startsWith(pattern.slice(0, -1)) : path === pattern;
}
