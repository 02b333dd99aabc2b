/**
 * Writes systemd/redis/quantum-users.acl.template from the users of the code: `bun scripts/redis-users.ts`;
 * with `--check` it writes nothing and fails when the file is out of date. install.sh fills in namespace and
 * passwords.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { aclLine } from "../lib/operator/redis-user.ts";
import { redisUsers } from "../lib/operator/redis-users.ts";
import { commandLine } from "./command-line.ts";

const FILE = join(import.meta.dir, "..", "systemd", "redis", "quantum-users.acl.template");

/** The ACL file with `@NAMESPACE@` and `@PASSWORD@` where install.sh puts what is this machine's own. */
function template(): string {
  const lines = redisUsers("@NAMESPACE@").map((user) => aclLine(user, "@PASSWORD@"));
  // Nobody can be the default user: whoever connects must say who it is. It keeps its rights all the same: Redis
  // 7.0 replays the transactions of the append-only file as this user, and drops them where it may not.
  return `${["user default off resetpass ~* &* +@all", ...lines].join("\n")}\n`;
}

const { check } = commandLine(
  "usage: bun scripts/redis-users.ts [--check]",
  (args) => parseArgs({ args, options: { check: { type: "boolean", default: false } } }).values,
);
const wanted = template();
if (check) {
  const there = await Bun.file(FILE).text();
  if (there !== wanted) throw new Error("systemd/redis is out of date: run `bun run docs`");
} else {
  await Bun.write(FILE, wanted);
}
