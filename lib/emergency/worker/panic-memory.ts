/**
 * What the worker knows of its panics: the journal's records, folded.
 *
 * 1. Nothing is known that is not in the journal, so that a restart knows the same.
 * 2. A panic is over when its final completion is written down, whether or not Redis has taken it yet.
 */
import type { PanicCompletion, PanicEvent } from "../../contract/panic.ts";
import type { JournalRecord, Leg } from "./journal-record.ts";

/** An order as it was signed, before it was sent. */
export interface SignedOrder {
  readonly clientOrderId: string;
  readonly n: number;
  readonly quantity: string;
  readonly signedVenueMs: number;
  readonly recvWindowMs: number;
  /** `open`: its fate is not established. */
  outcome: "open" | "accepted" | "rejected" | "absent";
}

/** A position that a panic found, and what was sent to close it. */
export interface LegMemory {
  readonly symbol: string;
  readonly positionSide: Leg["position_side"];
  /** Signed base units when it was found; "0" when only its orders are known. */
  readonly quantity: string;
  readonly orders: SignedOrder[];
}

export interface CompletionMemory {
  readonly completion: PanicCompletion;
  readonly final: boolean;
  published: boolean;
}

export interface PanicStanding {
  readonly event: PanicEvent;
  readonly via: "stream" | "socket" | "http";
  readonly acceptedMs: number;
  /** The panic whose run covers this one; null: it runs itself. */
  readonly joins: string | null;
  /** Redis has taken the halt, or an operator cleared it since. */
  haltConfirmed: boolean;
  /** How often Redis was found without the halt when it was given it, by this process. */
  haltsAnew: number;
  readonly legs: Map<string, LegMemory>;
  readonly completions: CompletionMemory[];
}

export interface PanicMemory {
  readonly panics: Map<string, PanicStanding>;
  /** Whether the last panic's halt has not been cleared. */
  halted: boolean;
  installedBeforeRedisMs: number | undefined;
  /** The panic stream's newest id at the installation; undefined: not known. */
  installedThrough: string | undefined;
}

/** Nothing happened yet. */
export function emptyMemory(): PanicMemory {
  return {
    ...{ panics: new Map(), halted: false },
    ...{ installedBeforeRedisMs: undefined, installedThrough: undefined },
  };
}

/** One position has one key, in one-way mode and in hedge mode. */
export function legKey(symbol: string, positionSide: string): string {
  return `${symbol} ${positionSide}`;
}

/** Whether the panic's final completion is written down. */
export function isOver(standing: PanicStanding): boolean {
  return standing.completions.some(({ final }) => final);
}

/** The completion by which a panic ended flat; undefined: it has not. */
export function flatEnd(standing: PanicStanding | undefined): PanicCompletion | undefined {
  return standing?.completions.find(({ completion }) => completion.status === "flat")?.completion;
}

/** The panic that has to be run now, oldest first; joined ones are covered by another's run. */
export function openRun(memory: PanicMemory): PanicStanding | undefined {
  for (const standing of memory.panics.values()) {
    if (standing.joins === null && !isOver(standing)) return standing;
  }
  return undefined;
}

/** The panic whose halt stands, or stood last. */
export function lastRun(memory: PanicMemory): PanicStanding | undefined {
  return [...memory.panics.values()].findLast(({ joins }) => joins === null);
}

/** The panics that joined this one's run and are not over. */
export function joinedTo(memory: PanicMemory, eventId: string): readonly PanicStanding[] {
  return [...memory.panics.values()].filter((one) => one.joins === eventId && !isOver(one));
}

/** Folds a record in; one that names a panic which is not known (its line was torn) changes nothing. */
export function applyRecord(memory: PanicMemory, record: JournalRecord): void {
  if (record.type === "accepted") applyAccepted(memory, record);
  else if (record.type === "cleared") applyCleared(memory);
  else if (record.type === "installed") {
    memory.installedBeforeRedisMs = record.before_redis_ms;
    memory.installedThrough = record.through;
  } else {
    const standing = memory.panics.get(record.event_id);
    if (standing !== undefined) applyToPanic(standing, record);
  }
}

type OfPanic = Exclude<JournalRecord, { type: "accepted" | "cleared" | "installed" }>;

function applyToPanic(standing: PanicStanding, record: OfPanic): void {
  switch (record.type) {
    case "halt_confirmed":
      standing.haltConfirmed = true;
      return;
    case "found":
      for (const leg of record.legs) addLeg(standing, leg);
      return;
    case "signed":
      addOrder(standing, record);
      return;
    case "settled":
      for (const { orders } of standing.legs.values()) {
        const order = orders.find((one) => one.clientOrderId === record.client_order_id);
        if (order !== undefined) order.outcome = record.outcome;
      }
      return;
    case "completed":
      standing.completions.push({ completion: record.completion, final: record.final, published: false });
      return;
    case "published":
      for (const one of standing.completions) if (one.final === record.final) one.published = true;
      return;
  }
}

function applyAccepted(memory: PanicMemory, record: Extract<JournalRecord, { type: "accepted" }>): void {
  if (memory.panics.has(record.event.event_id)) return;
  memory.halted = true;
  // Redis may have been cleared since it took the run's halt: not for the panic that joins.
  const run = record.joins === null ? undefined : memory.panics.get(record.joins);
  if (run !== undefined) run.haltConfirmed = false;
  memory.panics.set(record.event.event_id, {
    event: record.event,
    via: record.via,
    acceptedMs: record.at_ms,
    joins: record.joins,
    haltConfirmed: false,
    haltsAnew: 0,
    legs: new Map(),
    completions: [],
  });
}

/** What an operator cleared is not written to Redis any more. */
function applyCleared(memory: PanicMemory): void {
  memory.halted = false;
  for (const standing of memory.panics.values()) standing.haltConfirmed = true;
}

function addLeg(standing: PanicStanding, leg: Leg): void {
  const key = legKey(leg.symbol, leg.position_side);
  if (standing.legs.has(key)) return;
  standing.legs.set(key, {
    symbol: leg.symbol,
    positionSide: leg.position_side,
    quantity: leg.quantity,
    orders: [],
  });
}

function addOrder(standing: PanicStanding, record: Extract<JournalRecord, { type: "signed" }>): void {
  addLeg(standing, { symbol: record.symbol, position_side: record.position_side, quantity: "0" });
  const leg = standing.legs.get(legKey(record.symbol, record.position_side));
  leg?.orders.push({
    clientOrderId: record.client_order_id,
    n: record.n,
    quantity: record.quantity,
    signedVenueMs: record.signed_venue_ms,
    recvWindowMs: record.recv_window_ms,
    outcome: "open",
  });
}
