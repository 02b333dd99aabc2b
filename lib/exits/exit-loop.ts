/**
 * The exit brain's loop: gather → decide → act, once a second.
 *
 * Invariants
 * 1. Nothing in a cycle waits longer than its share of 500 ms, whatever Redis or the venue do: rules are asked in
 *    every cycle, on the newest that is known.
 * 2. A cycle ends with its beat, and only a cycle's end does: there is no timer that would beat for a loop that
 *    hangs. Before positions were read once no cycle counts.
 * 3. Redis is not needed to complete a cycle. An exit it does not take makes the cycle DEGRADED.
 *
 * Life cycle: `run(signal)` cycles until the signal aborts, lets what it started end, and says STOPPING, so that
 * the restart that follows is known to be announced.
 */
import Big from "big.js";
import { canonicalDecimal } from "../contract/decimal-text.ts";
import { STATISTICS } from "../contract/statistics.ts";
import { within } from "../daemon/within.ts";
import { isUnderSmallestOrder } from "../exchange/decide-order-size.ts";
import type { Exchange } from "../exchange/exchange.ts";
import type { Background } from "./background.ts";
import { type AttemptDecision, decideAttempt, handedOver, isUnconfirmed } from "./decide-attempt.ts";
import { decidePosition } from "./decide-position.ts";
import { decideDegradations } from "./decide-status.ts";
import type { ExitBrainParts } from "./exit-brain-parts.ts";
import { FactReader } from "./fact-reader.ts";
import type { HeartbeatWriter } from "./heartbeat-writer.ts";
import type { CycleReport } from "./metrics.ts";
import type { PositionBook, PositionView } from "./position-book.ts";
import type { PlanKeeper } from "./position-plan-keeper.ts";
import { publishExit } from "./publish-exit.ts";
import type { RecordedFacts } from "./recorded-facts.ts";
import type { StopKeeper } from "./stop-keeper.ts";
import { TradingHalts } from "./trading-halts.ts";
import { newWatch, type Watch } from "./watch.ts";

const CYCLE_EVERY_MS = 1000;
/** Shares of a cycle's 500 ms. */
const POSITIONS_WAIT_MS = 250;
const REDIS_WAIT_MS = 100;
/** A streamed mark that is older gives way to a fresher one that came with the position. */
const MARK_AGE_PREFERRED_MS = 2000;
const REPORTS_KEPT = 60;
/** Between two cycles that the user-data stream asks for. */
const EARLY_AFTER_MS = 200;
const STATISTICS_EVERY = 5;
const STOPPING_WAIT_MS = 1000;

interface LoopParts extends Omit<ExitBrainParts, "exchange"> {
  readonly exchange: Pick<Exchange, "serverNowMs" | "rules" | "refreshRules">;
  readonly book: PositionBook;
  readonly plans: PlanKeeper;
  readonly stops: StopKeeper;
  readonly background: Background;
  readonly heartbeats: HeartbeatWriter;
  /** Whether this Redis is known to belong to this account: before that nothing is written about positions. */
  mayAct(): boolean;
  /** The cycle has completed. */
  beat(): void;
}

export class ExitLoop {
  readonly #parts: LoopParts;
  readonly #watches = new Map<string, Watch>();
  readonly #reports: CycleReport[] = [];
  readonly #facts: FactReader;
  readonly #halts: TradingHalts;
  #early = new AbortController();
  #lastDecisionMs = 0;
  #cycles = 0;
  #status = "ALIVE";

  constructor(parts: LoopParts) {
    this.#parts = parts;
    this.#facts = new FactReader(parts);
    this.#halts = new TradingHalts(parts);
  }

  /** Open positions with what is remembered of each. */
  get watches(): ReadonlyMap<string, Readonly<Watch>> {
    return this.#watches;
  }

  /** The last cycles, oldest first. */
  get reports(): readonly CycleReport[] {
    return this.#reports;
  }

  /** The position moved: when it is being closed, what comes next must not wait for the second to pass. */
  hurry(key: string): void {
    if (this.#watches.get(key)?.attempt != null) this.#early.abort();
  }

  async run(signal: AbortSignal): Promise<void> {
    const { clock, background } = this.#parts;
    const end = () => this.#early.abort();
    signal.addEventListener("abort", end, { once: true });
    while (!signal.aborted) {
      const startedMs = clock.monotonicMs();
      this.#early = new AbortController();
      await this.cycle();
      background.check();
      await clock.sleep(EARLY_AFTER_MS, signal);
      const leftMs = CYCLE_EVERY_MS - (clock.monotonicMs() - startedMs);
      if (leftMs > 0 && !signal.aborted) await clock.sleep(leftMs, this.#early.signal);
    }
    signal.removeEventListener("abort", end);
    await within(clock, STOPPING_WAIT_MS, background.settled());
    await within(clock, STOPPING_WAIT_MS, this.#sayStopping());
    background.check();
  }

  /** One cycle. Throws nothing that Redis or the venue do. */
  async cycle(): Promise<void> {
    const { clock, book } = this.#parts;
    const startedMs = clock.monotonicMs();
    await within(clock, POSITIONS_WAIT_MS, book.refresh());
    const latencyMs = clock.monotonicMs() - startedMs;
    const view = book.view();
    if (view === undefined) return;
    this.#follow(view);
    const facts = await this.#facts.read(this.#watches, REDIS_WAIT_MS);
    const due = this.#decide(view, facts);
    await within(clock, REDIS_WAIT_MS, Promise.all(due.map((watch) => this.#publish(watch))));
    if (this.#parts.mayAct()) {
      this.#parts.plans.tend(this.#watches.values(), facts);
      this.#parts.stops.tend(this.#watches, view);
    }
    this.#finish(view, { startedMs, latencyMs });
  }

  /** New positions are watched, changed ones taken over, those that are gone are closed. */
  #follow(view: PositionView): void {
    const { book, plans, clock } = this.#parts;
    for (const [key, position] of view.positions) {
      const known = this.#watches.get(key);
      if (known === undefined || known.position.side !== position.side) {
        this.#watches.set(key, newWatch(position, clock.monotonicMs()));
      } else known.position = position;
    }
    for (const { key, position } of this.#watches.values()) {
      if (view.positions.has(key)) continue;
      this.#watches.delete(key);
      plans.closed({ key, symbol: position.symbol, ...book.takeFlat(key, view) });
    }
  }

  /** Decides on every position; those whose exit must be handed over now. */
  #decide(view: PositionView, facts: RecordedFacts): readonly Watch[] {
    const due: Watch[] = [];
    for (const watch of this.#watches.values()) {
      watch.mark = this.#priceOf(watch, view);
      watch.decision = this.#decideOne(watch, facts);
      if (watch.decision.kind === "wait") continue;
      watch.followed = watch.decision.plan;
      const next = this.#decideAttempt(watch, facts, view);
      watch.attempt = next.kind === "idle" ? null : next.attempt;
      if (next.kind === "publish") due.push(watch);
    }
    return due;
  }

  #decideOne(watch: Watch, facts: RecordedFacts) {
    const { clock, exchange, rules, stops } = this.#parts;
    const { position, key } = watch;
    watch.entryInFlight = facts.entriesInFlight?.has(position.symbol) ?? true;
    return decidePosition({
      position,
      reading: facts.plans.get(key),
      entryInFlight: watch.entryInFlight,
      standingStop: stops.standing(watch),
      followed: watch.followed,
      ageMs: clock.monotonicMs() - watch.firstSeenMs,
      mark: watch.mark?.price ?? null,
      nowMs: exchange.serverNowMs(),
      graceMs: rules.graceMs,
      defaults: rules.defaults,
    });
  }

  #decideAttempt(watch: Watch, facts: RecordedFacts, view: PositionView): AttemptDecision {
    const { clock, rules } = this.#parts;
    const { decision, attempt, position } = watch;
    return decideAttempt({
      position,
      openedAtMs: watch.followed?.openedAtMs ?? 0,
      rule: decision.kind === "exit" ? decision.rule : null,
      attempt,
      ledger: attempt === null ? undefined : facts.ledger.get(attempt.intentId),
      nowMs: clock.monotonicMs(),
      askedAtMs: view.missing.has(watch.key) ? Number.NEGATIVE_INFINITY : view.askedAtMs,
      confirmMs: rules.confirmMs,
      isDust: isUnderSmallestOrder(position.quantity, this.#parts.exchange.rules(position.symbol)),
    });
  }

  /** The fresher of the mark stream's price and the one that came with the position. */
  #priceOf(watch: Watch, view: PositionView): Watch["mark"] {
    const { symbol, markPrice } = watch.position;
    const known = this.#parts.markOf(symbol);
    const streamed = known !== undefined && isPrice(known.price) ? known : null;
    if (markPrice === null || !isPrice(markPrice)) return streamed;
    const read = { price: markPrice, ageMs: this.#parts.clock.monotonicMs() - view.askedAtMs };
    return streamed !== null && streamed.ageMs <= Math.max(MARK_AGE_PREFERRED_MS, read.ageMs)
      ? streamed
      : read;
  }

  async #publish(watch: Watch): Promise<void> {
    const { clock, observe, statistics } = this.#parts;
    if (watch.attempt === null) return;
    if (!this.#parts.mayAct()) {
      watch.attempt = { ...watch.attempt, handover: "refused" };
      return;
    }
    const attempt = { ...watch.attempt, handover: "sending", sentAtMs: clock.monotonicMs() } as const;
    watch.attempt = attempt;
    const after = await publishExit(this.#parts, { position: watch.position, attempt, nowMs: clock.nowMs() });
    watch.attempt = handedOver(watch.attempt, attempt, after);
    if (after.handover !== "sent") return;
    observe.exit(after.rule);
    statistics.add(STATISTICS.exitIntent(after.rule));
    if (after.n > 0) this.#parts.background.start(() => this.#halts.suspect(watch.position.symbol));
  }

  /** Status, report and beat. */
  #finish(view: PositionView, timing: { readonly startedMs: number; readonly latencyMs: number }): void {
    const { clock, background, heartbeats, observe, statistics } = this.#parts;
    const nowMs = clock.monotonicMs();
    const watches = [...this.#watches.values()];
    const facts = {
      cycleMs: nowMs - timing.startedMs,
      positionsRead: view.lastRead,
      positionsAgeMs: nowMs - view.askedAtMs,
      markAgeMs: Math.max(0, ...watches.map((watch) => this.#streamedAgeMs(watch))),
      unconfirmed: watches.filter((watch) => this.#isUnconfirmed(watch, nowMs, view)).length,
    };
    const degraded = decideDegradations(facts);
    const stale = degraded.includes("POSITIONS_UNREADABLE") || degraded.includes("PRICES_STALE");
    if (!stale) this.#lastDecisionMs = clock.nowMs();
    const status = degraded.length === 0 ? "ALIVE" : "DEGRADED";
    const report: CycleReport = {
      ts: clock.nowMs(),
      cycleMs: Math.round(facts.cycleMs),
      latencyMs: Math.round(timing.latencyMs),
      positions: view.positions.size,
      withoutStop: watches.filter(({ stop }) => stop.state === "missing").length,
      status,
      degraded,
    };
    this.#keep(report);
    observe.cycle(report);
    this.#parts.beat();
    background.start(() => heartbeats.write(this.#beatOf(report, report.status)));
    this.#cycles += 1;
    if (this.#cycles % STATISTICS_EVERY === 0) background.start(() => statistics.flush());
  }

  /** What the last reading lacks has become smaller, unless the next one shows it again. */
  #isUnconfirmed({ key, position, attempt }: Watch, nowMs: number, view: PositionView): boolean {
    if (attempt === null || view.missing.has(key)) return false;
    const rules = this.#parts.exchange.rules(position.symbol);
    return isUnconfirmed(attempt, { nowMs, confirmMs: this.#parts.rules.confirmMs, rules });
  }

  #streamedAgeMs(watch: Watch): number {
    return this.#parts.markOf(watch.position.symbol)?.ageMs ?? Number.POSITIVE_INFINITY;
  }

  #keep(report: CycleReport): void {
    this.#reports.push(report);
    if (this.#reports.length > REPORTS_KEPT) this.#reports.shift();
    if (report.status === this.#status) return;
    this.#status = report.status;
    if (report.status === "ALIVE") this.#parts.log.info({}, "ALIVE again");
    else this.#parts.log.error({ degraded: report.degraded, cycleMs: report.cycleMs }, "DEGRADED");
  }

  #beatOf(report: CycleReport, status: "ALIVE" | "DEGRADED" | "STOPPING") {
    return {
      status,
      active_positions: report.positions,
      last_decision_ts: this.#lastDecisionMs,
      latency_ms: report.latencyMs,
      loop_cycle_ms: report.cycleMs,
      ts: this.#parts.clock.nowMs(),
    };
  }

  async #sayStopping(): Promise<void> {
    const last = this.#reports.at(-1);
    if (last !== undefined) await this.#parts.heartbeats.write(this.#beatOf(last, "STOPPING"));
    await this.#parts.statistics.flush();
  }
}

/** What the venue sends as a price may be anything; what is none is as if it had not come. */
function isPrice(text: string): boolean {
  const price = canonicalDecimal(text);
  return price !== undefined && new Big(price).gt(0);
}
