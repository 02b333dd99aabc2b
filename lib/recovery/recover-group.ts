/**
 * One group's recovery: what its dead consumers left is claimed, put aside or reported.
 *
 * 1 A consumer is alive while its instance's role key stands; nothing of one that is alive is touched.
 * 2 An entry is given to a consumer that is alive, or stays where it is.
 * 3 A consumer is deleted only when it is idle for long and has nothing pending, by the function that checks both.
 * 4 Everything goes in pages: no call keeps Redis busy for longer than a few milliseconds.
 */
import { decodeIntent } from "../contract/trade-intent.ts";
import { deleteIdleConsumers } from "../kernel/delete-idle-consumers.ts";
import { readLedgerOrder } from "../kernel/order-ledger.ts";
import type { RedisConnection } from "../redis/connection.ts";
import { unreadEntries } from "../redis/group-position.ts";
import { listReply } from "../redis/reply.ts";
import { acknowledgeLost, ensureGroup } from "../redis/stream-group.ts";
import { type DeadLetterParts, deadLetterFailed, deadLetterUnreadable } from "./dead-letters.ts";
import { decideEntry, type EntryDecision, type LedgerWord } from "./decide-entry.ts";
import {
  type ConsumerInfo,
  type GroupInfo,
  readConsumers,
  readEntry,
  readGroups,
  readPending,
  readPosition,
  trimmedUnread,
} from "./read-groups.ts";
import { instanceOf, type RecoveredGroup } from "./recovered-groups.ts";
import type { GroupReport } from "./report.ts";

export interface RecoveryParts extends DeadLetterParts {
  readonly redis: RedisConnection;
  readonly staleIdleMs: number;
  readonly zombieIdleMs: number;
  readonly failuresMax: number;
  /** False: it only says what it would do. */
  readonly mayChange: boolean;
  /** False in LIVE without permission: then nothing is claimed, put aside or deleted. */
  readonly mayMove: boolean;
}

/** Pending entries looked at together. */
const PAGE = 200;

type Counts = { claimed: number; left: number; lost: number; deadLetters: number; zombies: number };

/** Recovers a group and tells what it found. Rejects with Redis errors. */
export async function recoverGroup(parts: RecoveryParts, group: RecoveredGroup): Promise<GroupReport> {
  const { redis } = parts;
  const { stream, group: name } = group;
  const created = await makeGroup(parts, group);
  const info = (await readGroups(redis, stream)).find((one) => one.name === name) ?? ABSENT;
  const consumers = info === ABSENT ? [] : await readConsumers(redis, stream, name);
  const alive = await aliveOf(parts, group, consumers);
  const dead = consumers.filter((consumer) => !alive.includes(consumer.name));
  const counts: Counts = { claimed: 0, left: 0, lost: 0, deadLetters: 0, zombies: 0 };
  for (const { name: consumer, pending } of dead) {
    if (pending > 0) await recoverConsumer(parts, { group, consumer, alive, counts });
  }
  counts.zombies = await removeZombies(parts, group, dead);
  const position = await readPosition(redis, stream, info);
  return {
    ...{ stream, group: name, created, pending: info.pending, alive },
    lag: position === undefined ? 0 : (unreadEntries(position) ?? "unknown"),
    trimmedUnread: position === undefined ? 0 : await trimmedUnread(redis, stream, position),
    ...counts,
  };
}

const ABSENT: GroupInfo = { name: "", pending: 0, lag: 0, lastDeliveredId: "0-0" };

async function makeGroup(parts: RecoveryParts, { stream, group }: RecoveredGroup): Promise<boolean> {
  if (parts.mayChange) return (await ensureGroup(parts.redis, { stream, group })) === "created";
  return !(await readGroups(parts.redis, stream)).some(({ name }) => name === group);
}

/** Consumers of the group whose instance's role key stands. In pages: there may be thousands of ghosts. */
async function aliveOf(
  { redis, keys }: RecoveryParts,
  { role }: RecoveredGroup,
  consumers: readonly ConsumerInfo[],
): Promise<readonly string[]> {
  const alive: string[] = [];
  const named = consumers.map(({ name }) => ({ name, instance: instanceOf(role, name) }));
  const known = named.filter(({ instance }) => instance !== undefined);
  for (let at = 0; at < known.length; at += PAGE) {
    const page = known.slice(at, at + PAGE);
    const beats = await Promise.all(
      page.map(({ instance }) => redis.command(["EXISTS", `${keys.rolePrefix}${role}:${instance}`])),
    );
    alive.push(...page.filter((_, index) => beats[index] === 1).map(({ name }) => name));
  }
  return alive;
}

async function removeZombies(
  parts: RecoveryParts,
  { stream, group }: RecoveredGroup,
  dead: readonly ConsumerInfo[],
): Promise<number> {
  const { zombieIdleMs: idleMinMs } = parts;
  const idle = dead.filter((consumer) => consumer.pending === 0 && consumer.idleMs >= idleMinMs);
  if (!parts.mayMove || !parts.mayChange) return parts.mayMove ? idle.length : 0;
  const consumers = idle.map(({ name }) => name);
  return deleteIdleConsumers(parts.redis, { stream, group, consumers, idleMinMs });
}

interface Work {
  readonly group: RecoveredGroup;
  /** Whose pending entries these are. */
  readonly consumer: string;
  readonly alive: readonly string[];
  readonly counts: Counts;
}

/** Everything that a consumer that is not alive has pending, page by page. */
async function recoverConsumer(parts: RecoveryParts, work: Work): Promise<void> {
  const { stream, group } = work.group;
  let after = "-";
  for (let page = 0; ; page += 1) {
    const pending = await readPending(
      parts.redis,
      { stream, group, consumer: work.consumer },
      { after, count: PAGE },
    );
    const last = pending.at(-1);
    if (last === undefined) return;
    after = last.id;
    const stale = pending.filter(({ idleMs }) => idleMs >= parts.staleIdleMs);
    const read = await Promise.all(stale.map((entry) => readStale(parts, work.group, entry)));
    await actOn(parts, work, { read, target: work.alive[page % Math.max(1, work.alive.length)] });
  }
}

interface StaleEntry {
  readonly id: string;
  readonly fields: Readonly<Record<string, string>>;
  readonly decision: EntryDecision;
  readonly failures: number;
}

async function readStale(
  parts: RecoveryParts,
  group: RecoveredGroup,
  { id, idleMs }: { readonly id: string; readonly idleMs: number },
): Promise<StaleEntry> {
  const fields = await readEntry(parts.redis, group.stream, id);
  const ledger = group.deadLetters && fields !== undefined ? await ledgerOf(parts, fields) : undefined;
  const decision = decideEntry({
    ...{ idleMs, idleMsMin: parts.staleIdleMs, fields, deadLetters: group.deadLetters, ledger },
    failuresMax: parts.failuresMax,
  });
  return { id, fields: fields ?? {}, decision, failures: ledger?.failures ?? 0 };
}

async function ledgerOf(
  parts: RecoveryParts,
  fields: Readonly<Record<string, string>>,
): Promise<LedgerWord | undefined> {
  const decoded = decodeIntent(fields);
  if (decoded.kind === "undecodable") return undefined;
  return readLedgerOrder(parts.redis, parts.keys, decoded.intent.intent_id);
}

async function actOn(
  parts: RecoveryParts,
  work: Work,
  page: { readonly read: readonly StaleEntry[]; readonly target: string | undefined },
): Promise<void> {
  const { counts } = work;
  if (!parts.mayMove) {
    counts.left += page.read.length;
    return;
  }
  const idsOf = (kind: EntryDecision["kind"]) =>
    page.read.filter(({ decision }) => decision.kind === kind).map(({ id }) => id);
  counts.lost += await acknowledge(parts, work, idsOf("lost"));
  for (const entry of page.read) if (await bury(parts, work, entry)) counts.deadLetters += 1;
  const claimed = await claim(parts, work, { ids: idsOf("claim"), target: page.target });
  counts.claimed += claimed;
  if (page.target === undefined) counts.left += idsOf("claim").length;
}

async function acknowledge(parts: RecoveryParts, work: Work, ids: readonly string[]): Promise<number> {
  const { stream, group } = work.group;
  if (parts.mayChange && ids.length > 0) {
    await acknowledgeLost(parts.redis, { stream, group, consumer: work.consumer }, ids);
  }
  return ids.length;
}

async function bury(parts: RecoveryParts, work: Work, entry: StaleEntry): Promise<boolean> {
  const { decision, fields, failures } = entry;
  if (decision.kind !== "unreadable" && decision.kind !== "failed") return false;
  if (!parts.mayChange) return true;
  const { stream, group } = work.group;
  const poison = { source: { stream, group, entryId: entry.id }, fields };
  if (decision.kind === "unreadable") return deadLetterUnreadable(parts, poison, decision.reason);
  return deadLetterFailed(parts, poison, { intent: decision.intent, owner: decision.owner, failures });
}

/** The server looks at the idle time again: what somebody took meanwhile is not claimed. */
async function claim(
  parts: RecoveryParts,
  work: Work,
  { ids, target }: { readonly ids: readonly string[]; readonly target: string | undefined },
): Promise<number> {
  if (target === undefined || ids.length === 0) return 0;
  if (!parts.mayChange) return ids.length;
  const { stream, group } = work.group;
  const minIdle = String(parts.staleIdleMs);
  const claimed = await parts.redis.command(["XCLAIM", stream, group, target, minIdle, ...ids, "JUSTID"]);
  return listReply(claimed).length;
}
