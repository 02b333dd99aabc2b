import { z } from "zod";
import { streamRetentions } from "../../contract/groups.ts";
import { heartbeatSchema } from "../../contract/heartbeat.ts";
import { haltFileStands } from "../../daemon/halt-file.ts";
import { integerReply, recordReply } from "../../redis/reply.ts";
import { columns, spanText } from "../columns.ts";
import { operatorCommand } from "../command.ts";
import type { Desk } from "../desk.ts";
import { readHalt, readSafeMode, readText, scanKeys } from "../read-safety.ts";
import { newestEntries, readGroups } from "../read-streams.ts";

/** The whole system on one screen, from Redis alone. */
export const statusCommand = operatorCommand({
  path: "status",
  summary: "the whole system on one screen",
  input: z.object({}),
  async run(desk) {
    const [trading, rates, groups, heartbeat, roles] = await Promise.all([
      readTrading(desk),
      readRates(desk),
      readLag(desk),
      readHeartbeat(desk),
      readRoles(desk),
    ]);
    const json = { ...trading, ...rates, groups, heartbeat, roles };
    return { json, lines: screen(json) };
  },
});

async function readTrading(desk: Desk) {
  const [kill, halt, safeMode, mode, account] = await Promise.all([
    readText(desk, desk.keys.kill),
    readHalt(desk),
    readSafeMode(desk),
    readText(desk, desk.keys.mode),
    readText(desk, desk.keys.modeAccount),
  ]);
  const haltFile = haltFileStands(desk.haltFile);
  return {
    mode: mode ?? null,
    account: account ?? null,
    armed: kill === "0",
    halted: halt.halted || haltFile,
    halt_reason: halt.state?.reason ?? null,
    halt_file: haltFile,
    safe_mode: safeMode,
  };
}

async function readRates(desk: Desk) {
  const day = new Date(desk.redis.serverNowMs()).toISOString().slice(0, 10).replaceAll("-", "");
  const [used, open, inDoubt] = await Promise.all([
    readText(desk, `${desk.keys.dailyTradesPrefix}${day}`),
    desk.redis.command(["ZCARD", desk.keys.openOrders]),
    desk.redis.command(["ZRANGE", desk.keys.openOrders, "0", "0", "WITHSCORES"]),
  ]);
  const oldestMs = Array.isArray(inDoubt) && inDoubt[1] !== undefined ? Number(inDoubt[1]) : undefined;
  return {
    daily_trades: Number(used ?? 0),
    orders_unsettled: integerReply(open),
    oldest_unsettled_ms: oldestMs === undefined ? null : Math.max(0, desk.redis.serverNowMs() - oldestMs),
  };
}

async function readLag(desk: Desk) {
  const streams = streamRetentions(desk.keys).map((one) => one.stream);
  return (await Promise.all(streams.map((stream) => readGroups(desk.redis, stream)))).flat();
}

async function readHeartbeat(desk: Desk) {
  const [newest] = await newestEntries(desk.redis, desk.keys.heartbeatStream, 1);
  const beat = newest === undefined ? undefined : heartbeatSchema.safeParse(newest.fields).data;
  if (newest === undefined || beat === undefined) return null;
  const ageMs = desk.redis.serverNowMs() - Number(newest.id.split("-", 1)[0]);
  return { status: beat.status, age_ms: Math.max(0, ageMs), positions: beat.active_positions, seq: beat.seq };
}

async function readRoles(desk: Desk) {
  const found = await scanKeys(desk, desk.keys.rolePrefix);
  const roles = await Promise.all(
    found.map(async (key) => {
      const [role = "", ...instance] = key.slice(desk.keys.rolePrefix.length).split(":");
      const fields = recordReply(await desk.redis.command(["HGETALL", key]).catch(() => []));
      return {
        role,
        instance: instance.join(":"),
        build: fields["build"] ?? "",
        git: fields["git"] ?? "",
        beat_age_ms: Math.max(0, desk.redis.serverNowMs() - Number(fields["last_beat"] ?? 0)),
        restarts: Number(fields["restarts"] ?? 0),
      };
    }),
  );
  return roles;
}

type Status = Awaited<ReturnType<typeof readTrading>> &
  Awaited<ReturnType<typeof readRates>> & {
    readonly groups: Awaited<ReturnType<typeof readLag>>;
    readonly heartbeat: Awaited<ReturnType<typeof readHeartbeat>>;
    readonly roles: Awaited<ReturnType<typeof readRoles>>;
  };

function screen(status: Status): readonly string[] {
  const beat = status.heartbeat;
  const versions = new Set(status.roles.map((role) => `${role.build} ${role.git}`));
  const { safe_mode: safe, oldest_unsettled_ms: oldest } = status;
  const unsettled = oldest === null ? "" : `, the oldest for ${spanText(oldest)}`;
  return [
    ...columns([
      [
        "mode",
        `${status.mode ?? "not recorded yet"}${status.account === null ? "" : `, account ${status.account.slice(0, 12)}`}`,
      ],
      ["entries", status.armed ? "armed" : "killed (kill switch is not 0)"],
      ["trading", status.halted ? `HALTED: ${status.halt_reason ?? "halt file"}` : "not halted"],
      ["safe mode", safe.on ? `ON${safe.ttl_sec === null ? "" : ` for another ${safe.ttl_sec} s`}` : "off"],
      ["today", `${status.daily_trades} admitted`],
      ["orders", `${status.orders_unsettled} unsettled${unsettled}`],
      [
        "exit brain",
        beat === null
          ? "no heartbeat"
          : `${beat.status}, ${beat.positions} positions, beat ${spanText(beat.age_ms)} ago`,
      ],
      [
        "versions",
        versions.size > 1 ? `SKEW: ${[...versions].join(" | ")}` : ([...versions][0] ?? "no role is alive"),
      ],
    ]),
    "",
    ...columns([
      ["stream", "group", "lag", "pending", "consumers"],
      ...status.groups.map((group) => [
        group.stream,
        group.group,
        group.lag === null ? "unknown" : String(group.lag),
        String(group.pending),
        String(group.consumers),
      ]),
    ]),
    "",
    ...columns([
      ["role", "instance", "build", "beat", "restarts"],
      ...status.roles.map((role) => [
        role.role,
        role.instance,
        `${role.build} ${role.git}`,
        `${spanText(role.beat_age_ms)} ago`,
        String(role.restarts),
      ]),
    ]),
  ];
}
