import { integerReply, listReply, type RedisReply, recordReply } from "../../redis/reply.ts";
import type { CommandContext } from "../command-context.ts";
import { aclLine } from "../redis-user.ts";
import { redisUsers } from "../redis-users.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

/** Above this share of maxmemory a busy hour may end in OOM refusals. */
const MEMORY_SHARE_MAX = 0.9;

/** Whether Redis answers at all. */
export async function redisReached({ redis }: CommandContext): Promise<readonly Finding[]> {
  if (redis.state.kind === "ready") return [ok("redis", "answers")];
  const why = redis.state.lastError ?? redis.state.kind;
  return [fault("redis", why, "systemctl status redis-server; REDIS_URL; the password of this user")];
}

interface Asked {
  readonly redis: { command(args: readonly string[]): Promise<RedisReply> };
}

/** Eviction, durability and snapshots, as the kernel's guarantees need them. */
export async function redisSettings(context: Asked): Promise<readonly Finding[]> {
  const [policy, aof, sync, snapshots, stopWrites] = await Promise.all(
    ["maxmemory-policy", "appendonly", "appendfsync", "save", "stop-writes-on-bgsave-error"].map((name) =>
      configValue(context, name),
    ),
  );
  if (policy === undefined) {
    return [warning("redis settings", "this user may not read them", "give it +config|get or look by hand")];
  }
  const eviction = "set noeviction: an evicted ledger entry is an order sent twice";
  return [
    policy === "noeviction"
      ? ok("redis eviction", "noeviction")
      : fault("redis eviction", `maxmemory-policy is ${policy}`, eviction),
    durability(aof, sync),
    snapshot(snapshots, stopWrites),
  ];
}

/** Redis refuses writes after a failed snapshot when both are set; one of them is enough to keep exits going. */
function snapshot(points: string | undefined, stopWrites: string | undefined): Finding {
  const wanted = 'save "" and stop-writes-on-bgsave-error no: the AOF is the record';
  if (stopWrites === "yes" && points !== "") {
    return fault("redis snapshots", "a failed one would refuse every write, exits too (MISCONF)", wanted);
  }
  return points === ""
    ? ok("redis snapshots", "off, the AOF is the record")
    : warning("redis snapshots", `save ${points ?? "?"}: forks and writes for nothing`, wanted);
}

function durability(aof: string | undefined, sync: string | undefined): Finding {
  const wanted = "appendonly yes, appendfsync always";
  if (aof !== "yes") return fault("redis durability", "no AOF: a restart forgets orders", wanted);
  return sync === "always"
    ? ok("redis durability", "AOF, appendfsync always")
    : warning("redis durability", `appendfsync ${sync ?? "?"} may lose the last second`, wanted);
}

async function configValue(context: Asked, name: string): Promise<string | undefined> {
  const reply = await context.redis.command(["CONFIG", "GET", name]).catch(() => undefined);
  return reply === undefined ? undefined : recordReply(reply)[name];
}

/** Memory, disk and role of the server now. */
export async function redisCondition(context: Asked): Promise<readonly Finding[]> {
  const reply = await context.redis.command(["INFO"]).catch(() => undefined);
  if (reply === undefined) return [warning("redis condition", "this user may not run INFO", "give it +info")];
  const info = new Map(
    String(reply)
      .split(/\r?\n/)
      .map((line): [string, string] => [line.split(":", 1)[0] ?? "", line.slice(line.indexOf(":") + 1)]),
  );
  const [used, max] = [Number(info.get("used_memory")), Number(info.get("maxmemory"))];
  const share = max > 0 ? used / max : 0;
  const memory = max > 0 ? `${Math.round(share * 100)} % of maxmemory` : "no maxmemory";
  const written = [info.get("aof_last_write_status"), info.get("aof_last_bgrewrite_status")];
  const primary = info.get("role") === "master";
  return [
    share > MEMORY_SHARE_MAX
      ? fault(
          "redis memory",
          memory,
          "raise maxmemory in /etc/redis/quantum-local.conf; quantumctl recover trims streams",
        )
      : ok("redis memory", memory),
    written.includes("err")
      ? fault("redis disk", "the AOF could not be written", "free disk space; look at Redis' log")
      : ok("redis disk", "the AOF is written"),
    primary
      ? ok("redis role", "primary")
      : fault("redis role", `${info.get("role")}`, "REDIS_URL must be the primary"),
  ];
}

/** Users and their rights, as far as this user may see them. */
export async function redisAccess(context: CommandContext): Promise<readonly Finding[]> {
  const user = await context.redis.command(["ACL", "WHOAMI"]).catch(() => "(unknown)");
  const list = await context.redis.command(["ACL", "LIST"]).catch(() => undefined);
  const installed = list === undefined ? undefined : usersOf(list);
  if (user === "default" && installed?.size === 1) {
    return [warning("redis users", "everyone is the default user", "install the ACL file: one user a role")];
  }
  if (installed === undefined)
    return [ok("redis users", `this is ${String(user)}, who may not list the others`)];
  const expected = redisUsers(context.namespace).map((one) => aclLine(one, ""));
  const faults = expected.flatMap((line) => userFault(line, installed));
  const open = installed.get("default")?.includes("on") === true;
  return [
    ...(open
      ? [
          warning(
            "redis user default",
            "is on: whoever reaches Redis is it",
            "user default off in the ACL file",
          ),
        ]
      : []),
    ...(faults.length === 0 ? [ok("redis users", `${expected.length}, each with its role's keys`)] : faults),
    ...(await refusals(context)),
  ];
}

/** A user's words; selectors, which hold blanks, are one each. */
const wordsOf = (line: string) => line.match(/\([^)]*\)|\S+/g) ?? [];

function usersOf(list: RedisReply): ReadonlyMap<string, readonly string[]> {
  return new Map(listReply(list).map((line) => [wordsOf(String(line))[1] ?? "", wordsOf(String(line))]));
}

/** Key patterns are compared; Redis rewrites commands into categories, which cannot be. */
function userFault(line: string, installed: ReadonlyMap<string, readonly string[]>): readonly Finding[] {
  const [, name = ""] = wordsOf(line);
  const hint = "install this release's ACL file, then ACL LOAD";
  const words = installed.get(name);
  if (words === undefined) return [fault(`redis user ${name}`, "does not exist", hint)];
  if (!words.includes("on")) return [fault(`redis user ${name}`, "is off", hint)];
  if (words.includes("nopass")) return [fault(`redis user ${name}`, "has no password", hint)];
  const keys = (all: readonly string[]) => new Set(all.filter((word) => /^(?:%[RW]+)?~/.test(word)));
  const [wanted, has] = [keys(wordsOf(line)), keys(words)];
  const missing = [...wanted].filter((key) => !has.has(key));
  const more = [...has].filter((key) => !wanted.has(key));
  return [
    ...(missing.length === 0 ? [] : [fault(`redis user ${name}`, `lacks ${missing.join(" ")}`, hint)]),
    ...(more.length === 0 ? [] : [fault(`redis user ${name}`, `has ${more.join(" ")} too many`, hint)]),
  ];
}

/** What Redis refused somebody: a role that lacks a right, or somebody who tries. */
async function refusals(context: CommandContext): Promise<readonly Finding[]> {
  const log = await context.redis.command(["ACL", "LOG", "10"]).catch(() => undefined);
  const newest = log === undefined ? undefined : listReply(log)[0];
  if (newest === undefined) return [];
  const flat = listReply(newest);
  const field = (name: string) => String(flat[flat.indexOf(name) + 1]);
  const count = listReply(log).reduce<number>((sum, one) => sum + countOf(one), 0);
  const what = `${count} refused, the last: ${field("username")}, ${field("reason")} ${field("object")}`;
  return [
    warning(
      "redis refusals",
      what,
      "rc ACL LOG; once mended, rc ACL LOG RESET (rc: docs/operations.md, By hand)",
    ),
  ];
}

function countOf(entry: RedisReply): number {
  const flat = listReply(entry);
  return integerReply(flat[flat.indexOf("count") + 1]);
}
