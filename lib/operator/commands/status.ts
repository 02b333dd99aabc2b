import { styleText } from "node:util";
import { z } from "zod";
import { columns, spanText } from "../columns.ts";
import { operatorCommand } from "../command.ts";
import { absentRoles } from "../needed-roles.ts";
import { readStatus, readVenuePositions, type Status } from "../read-status.ts";

/** Older than this the exit brain's heartbeat is as good as none, ms: the watchdog's unguarded limit. */
const BEAT_AGE_MS_MAX = 3000;

/** The whole system on one screen, from Redis alone unless the venue is asked for. */
export const statusCommand = operatorCommand({
  path: "status",
  summary: "the whole system on one screen",
  options: [["--venue", "ask the venue, too, which positions are open"]],
  notes:
    "From Redis alone, so it works without any daemon. Positions are the plans of those that were opened here.",
  input: z.object({ venue: z.boolean().default(false) }),
  async run(context, { venue }) {
    const status = await readStatus(context);
    const json = { ...status, venue_positions: venue ? await readVenuePositions(context) : null };
    return { json, lines: screen(json) };
  },
});

const alarm = (text: string) => styleText("red", text);
const notice = (text: string) => styleText("yellow", text);

function screen(status: Status): readonly string[] {
  return [
    ...columns([...switchRows(status), ...workRows(status)]),
    "",
    ...positionLines(status),
    ...tableOf("stream", streamRows(status)),
    "",
    ...tableOf("role", roleRows(status)),
  ];
}

type Row = readonly string[];

function switchRows(status: Status): readonly Row[] {
  const { safe_mode: safe, rates } = status;
  const account = status.account === null ? "" : `, account ${status.account.slice(0, 12)}`;
  const left = safe.ttl_sec === null ? "until it is cleared" : `for another ${safe.ttl_sec} s`;
  const busiest = rates.symbols.map((one) => `${one.symbol} ${one.count}/${rates.symbol_max}`).join(", ");
  const global = rates.global === null ? alarm("unreadable") : `${rates.global}/${rates.global_max}`;
  return [
    ["mode", `${status.mode ?? notice("not recorded yet")}${account}`],
    ["entries", status.armed ? "armed" : notice("killed: the kill switch is not 0")],
    [
      "trading",
      status.halted ? alarm(`HALTED: ${status.halt_reason ?? "the halt file stands"}`) : "not halted",
    ],
    ["safe mode", safe.on ? notice(`ON ${left}`) : "off"],
    ["rates", `${global} in ${rates.window_sec} s${busiest === "" ? "" : `; ${busiest}`}`],
    ["today", `${rates.daily_trades} of ${rates.daily_max} admitted`],
  ];
}

function workRows(status: Status): readonly Row[] {
  const { heartbeat: beat, oldest_unsettled_ms: oldest, roles } = status;
  const unknownSince = (status.orders_unsettled ?? 0) > 0 ? notice(`, ${AHEAD}`) : "";
  const unsettled = oldest === null ? unknownSince : `, the oldest for ${spanText(oldest)}`;
  const versions = new Set(roles.map((role) => `${role.build} ${role.git}`));
  const drill = status.drill_age_ms === null ? notice("never") : `${spanText(status.drill_age_ms)} ago`;
  return [
    [
      "orders",
      `${countText(status.orders_unsettled)} unsettled${unsettled}; ${countText(status.stops_missing)} stops missing; ${countText(status.dead_letters)} dead letters`,
    ],
    ["backlog", `${status.backlog ?? notice("unknown")} of ${status.backlog_max} intents`],
    ["exit brain", beat === null ? notice("no heartbeat") : beatText(beat)],
    ["watchdog", watchdogText(status)],
    ["last drill", drill],
    ["versions", versions.size > 1 ? alarm(`SKEW: ${[...versions].join(" | ")}`) : ([...versions][0] ?? "–")],
  ];
}

/** Its state stands in Redis as it last wrote it: that of a dead one says nothing of now. */
function watchdogText({ watchdog, roles }: Status): string {
  if (watchdog === null) return notice("has never written its state");
  const alive = roles.some(({ role }) => role === "exit-brain-watchdog");
  return alive ? watchdog : alarm(`NOT RUNNING, its last state ${watchdog}`);
}

const countText = (count: number | null) => (count === null ? alarm("unreadable") : String(count));

const AHEAD = "nobody knows for how long: Redis' clock was set back";

function beatText(beat: NonNullable<Status["heartbeat"]>): string {
  if (beat.age_ms === null)
    return alarm(`${beat.status}, ${beat.positions} positions, the last beat ${AHEAD}`);
  const text = `${beat.status}, ${beat.positions} positions, beat ${spanText(beat.age_ms)} ago`;
  return beat.status === "ALIVE" && beat.age_ms <= BEAT_AGE_MS_MAX ? text : alarm(text);
}

function positionLines(status: Status): readonly string[] {
  const plans = status.plans.map((plan) =>
    plan.readable
      ? [
          ...[plan.symbol, plan.side ?? "", plan.quantity ?? "", plan.entry_price ?? ""],
          ...[`stop ${plan.stop_loss}`, `target ${plan.take_profit}`],
        ]
      : [plan.symbol, "its plan does not parse"],
  );
  const planned = plans.length === 0 ? ["no position is planned"] : tableOf("plan", plans);
  const { venue_positions: venue } = status;
  if (venue === null) return [...planned, ""];
  if (typeof venue === "string")
    return [...planned, alarm(`the venue does not say what is open: ${venue}`), ""];
  const open = venue.map((one) => [
    ...[one.symbol, one.position_side, one.quantity, one.entry_price, `mark ${one.mark_price ?? "unknown"}`],
    `${one.unrealised_pnl_usd ?? "unknown"} USD`,
  ]);
  return [
    ...planned,
    "",
    ...(open.length === 0 ? ["at the venue: nothing open"] : tableOf("at the venue", open)),
    "",
  ];
}

const HEADS: Readonly<Record<string, Row>> = {
  stream: ["stream", "group", "lag", "pending", "consumers"],
  role: ["role", "instance", "build", "beat", "restarts"],
  // A plan is of the last entry: what is open of a position that was entered several times the venue alone says.
  plan: ["plan", "side", "last fill", "at", "", ""],
  "at the venue": ["at the venue", "side", "quantity", "entry", "", ""],
};

function tableOf(head: string, rows: readonly Row[]): readonly string[] {
  return columns([HEADS[head] ?? [head], ...(rows.length === 0 ? [["(none)"]] : rows)]);
}

function streamRows(status: Status): readonly Row[] {
  return status.groups.map((group) => [
    ...[group.stream, group.group, group.lag === null ? "unknown" : String(group.lag)],
    ...[String(group.pending), String(group.consumers)],
  ]);
}

function roleRows(status: Status): readonly Row[] {
  const alive = status.roles.map((role) => [
    ...[role.role, role.instance, `${role.build} ${role.git}`, `${spanText(role.beat_age_ms)} ago`],
    `${role.restarts}${role.credentials === "refused" ? alarm("  CREDENTIALS REFUSED") : ""}`,
  ]);
  return [...alive, ...absentRoles(status.roles).map((role) => [role, "–", "–", "–", alarm("NOT RUNNING")])];
}
