import { GROUPS, type StreamRetention, streamRetentions } from "../../contract/groups.ts";
import { entryTimeMs } from "../../redis/entry-time.ts";
import { unreadEntries } from "../../redis/group-position.ts";
import { integerReply, listReply, type RedisReply, textReply } from "../../redis/reply.ts";
import { aged } from "../age-seconds.ts";
import type { Collector } from "../collector.ts";
import { labelText } from "../label-text.ts";
import type { Replies } from "../replies.ts";
import { streamFacts } from "../stream-facts.ts";
import { type TrimmedUnread, trimmedUnread } from "../trimmed-unread.ts";

/** Groups of one stream that are followed; strangers' groups hold nothing, but lag all the same. */
const GROUPS_MAX = 8;

export interface GroupView {
  readonly stream: string;
  readonly group: string;
  /** Entries that wait to be read, at most; undefined: nobody knows. */
  readonly lag: number | undefined;
  readonly pending: number;
  readonly oldestPendingSec: number;
  /** The oldest pending entry, and when it was added; undefined when none is. */
  readonly oldestPending?: { readonly id: string; readonly atMs: number } | undefined;
  readonly trimmedUnread: number | undefined;
  /** What the lag counts by mistake; undefined: not known yet. */
  readonly miscounted: number | undefined;
  /** A group that the contract requires and that is not there, on a stream that has entries. */
  readonly missing: boolean;
  /** Execution's group on the intent stream: the backlog that the router looks at. */
  readonly intents: boolean;
}

export interface StreamsState {
  readonly lengths: readonly { readonly stream: string; readonly length: number; readonly added: number }[];
  readonly groups: readonly GroupView[];
  readonly connectedSinceMs: number;
}

/** Groups whose oldest pending entry is asked for: those of the contract. */
const groupsOf = ({ groups, optionalGroups }: StreamRetention) => [...groups, ...optionalGroups];

/** Every stream of the contract: its length, and how far each group is. */
export const streamsCollector: Collector<
  | "quantum_stream_length"
  | "quantum_stream_entries_added_total"
  | "quantum_stream_group_lag"
  | "quantum_stream_group_pending"
  | "quantum_stream_group_oldest_pending_age_seconds"
  | "quantum_stream_group_lag_unknown"
  | "quantum_stream_group_trimmed_unread",
  StreamsState
> = {
  name: "streams",
  commands: ({ keys }) =>
    streamRetentions(keys).flatMap((retention) => [
      ["XINFO", "STREAM", retention.stream],
      ["XINFO", "GROUPS", retention.stream],
      ...groupsOf(retention).map((group) => ["XPENDING", retention.stream, group]),
    ]),
  decode(replies, { keys, nowMs, connectedSinceMs }, before) {
    const surroundings = { nowMs, before, counterKept: before?.connectedSinceMs === connectedSinceMs };
    const seen = streamRetentions(keys).map((retention) => readStream(replies, retention, surroundings));
    return {
      connectedSinceMs,
      lengths: seen.map(({ stream, length, added }) => ({ stream, length, added })),
      groups: seen.flatMap(({ groups }) => groups),
    };
  },
  readings({ lengths, groups }) {
    const each = (value: (group: GroupView) => number | undefined) =>
      groups.flatMap((one) => {
        const read = value(one);
        return read === undefined ? [] : [{ labels: { stream: one.stream, group: one.group }, value: read }];
      });
    return {
      quantum_stream_length: lengths.map(({ stream, length }) => ({ labels: { stream }, value: length })),
      quantum_stream_entries_added_total: lengths.map(({ stream, added }) => ({
        labels: { stream },
        value: added,
      })),
      quantum_stream_group_lag: each(({ lag }) => lag),
      quantum_stream_group_pending: each(({ pending }) => pending),
      quantum_stream_group_oldest_pending_age_seconds: each(({ oldestPendingSec }) => oldestPendingSec),
      quantum_stream_group_lag_unknown: each(({ lag }) => (lag === undefined ? 1 : 0)),
      quantum_stream_group_trimmed_unread: each((one) => one.trimmedUnread),
    };
  },
};

interface Surroundings {
  readonly nowMs: number;
  readonly before: StreamsState | undefined;
  /** Redis has not restarted since. */
  readonly counterKept: boolean;
}

function readStream(replies: Replies, retention: StreamRetention, surroundings: Surroundings) {
  const { nowMs, before, counterKept } = surroundings;
  const { stream } = retention;
  const facts = streamFacts(replies.nextUnlessAbsent());
  const listed = replies.nextUnlessAbsent();
  const oldest = new Map(groupsOf(retention).map((group) => [group, oldestOf(replies.nextUnlessAbsent())]));
  if (facts === undefined || listed === undefined) return { stream, length: 0, added: 0, groups: [] };
  const length = integerReply(facts.get("length"));
  const added = integerReply(facts.get("entries-added"));
  const groups = ownFirst(listReply(listed), groupsOf(retention))
    .slice(0, GROUPS_MAX)
    .map(({ name, group }): GroupView => {
      const position = { ...positionIn(facts), ...positionOf(group) };
      const known = before?.groups.find((one) => one.stream === stream && one.group === labelText(name));
      const losses = trimmedUnread(position, lossesOf(known), counterKept);
      const pending = pendingOf(oldest.get(name), nowMs, known);
      return {
        ...{ stream, group: labelText(name), lag: unreadEntries(position), missing: false },
        intents: name === GROUPS.executionIntents,
        pending: integerReply(group.get("pending")),
        ...pending,
        ...{ trimmedUnread: losses.lost, miscounted: losses.miscounted },
      };
    });
  return { stream, length, added, groups: [...groups, ...missingGroups(retention, length, groups)] };
}

function lossesOf(known: GroupView | undefined): TrimmedUnread | undefined {
  return known === undefined ? undefined : { lost: known.trimmedUnread, miscounted: known.miscounted };
}

/** The groups of XINFO GROUPS, those of the contract before strangers': who is too many is a stranger. */
function ownFirst(listed: readonly RedisReply[], own: readonly string[]) {
  const groups = listed.map((reply) => {
    const group = streamFacts(reply) ?? new Map<string, RedisReply>();
    return { name: textReply(group.get("name")), group };
  });
  const isOwn = ({ name }: { readonly name: string }) => own.includes(name);
  return [...groups.filter(isOwn), ...groups.filter((one) => !isOwn(one))];
}

/** The oldest pending entry, from the summary of XPENDING. */
function oldestOf(summary: RedisReply | undefined): string | undefined {
  const first = summary === undefined ? null : listReply(summary)[1];
  return first === null || first === undefined ? undefined : textReply(first);
}

function pendingOf(id: string | undefined, nowMs: number, known: GroupView | undefined) {
  if (id === undefined) return { oldestPendingSec: 0, oldestPending: undefined };
  const seen = known?.oldestPending;
  const { atMs, ageSec } = aged(entryTimeMs(id), nowMs, seen?.id === id ? seen.atMs : undefined);
  return { oldestPendingSec: ageSec, oldestPending: { id, atMs } };
}

type Facts = ReadonlyMap<string, RedisReply | undefined>;

function positionIn(facts: Facts) {
  const first = facts.get("first-entry");
  return {
    length: integerReply(facts.get("length")),
    lastGeneratedId: textReply(facts.get("last-generated-id")),
    firstId: first === null || first === undefined ? undefined : textReply(listReply(first)[0]),
  };
}

function positionOf(group: Facts) {
  const lag = group.get("lag");
  return {
    lag: lag === null || lag === undefined ? undefined : integerReply(lag),
    lastDeliveredId: textReply(group.get("last-delivered-id")),
  };
}

function missingGroups(
  { stream, groups: required }: StreamRetention,
  length: number,
  present: readonly GroupView[],
): readonly GroupView[] {
  if (length === 0) return [];
  const absent = required.filter((group) => !present.some((one) => one.group === group));
  return absent.map((group) => ({
    ...{ stream, group, lag: undefined, pending: 0, oldestPendingSec: 0 },
    ...{
      trimmedUnread: undefined,
      miscounted: undefined,
      missing: true,
      intents: group === GROUPS.executionIntents,
    },
  }));
}
