/** A Redis user: what it may run, and on which keys. */
export interface RedisUser {
  readonly name: string;
  readonly about: string;
  /** Besides what every connection needs. */
  readonly commands: readonly string[];
  /** Key patterns to read, to write (which alone does not permit to read), or both. */
  readonly read?: readonly string[];
  readonly write?: readonly string[];
  readonly both?: readonly string[];
  /** Keys that the functions it calls are about. */
  readonly called?: readonly string[];
  /**
   * Streams that it reads through a group but must not add to. Group commands count as writes, so they get a
   * selector without XADD.
   */
  readonly groups?: readonly string[];
}

/** Connecting, looking at the server's clock and settings, and transactions. */
const CONNECTION = [
  ...["auth", "hello", "client|setname", "client|id", "ping", "time", "info", "acl|whoami"],
  ...["config|get", "function|list", "multi", "exec", "discard", "watch", "unwatch"],
];
/** Reading a stream through a group. */
export const CONSUME = [
  "xreadgroup",
  "xautoclaim",
  "xack",
  "xgroup|create",
  "xinfo|groups",
  "xinfo|consumers",
  "type",
];
/** A user as a line of the ACL file. `password` is the ACL's own syntax: `>plain`, `#sha256` or a placeholder. */
export function aclLine(user: RedisUser, password: string): string {
  // Whole categories first: what is taken away by one must not take along what is named by itself.
  const broad = user.commands.filter((name) => name.includes("@"));
  const named = user.commands.filter((name) => !name.includes("@"));
  const rights = [...broad, ...CONNECTION, ...named].map((name) => (/^[-+]/.test(name) ? name : `+${name}`));
  const patterns = [
    ...(user.read ?? []).map((pattern) => `%R~${pattern}`),
    ...(user.write ?? []).map((pattern) => `%W~${pattern}`),
    ...(user.both ?? []).map((pattern) => `~${pattern}`),
  ];
  const selector = (commands: readonly string[], keys: readonly string[]) =>
    keys.length === 0
      ? []
      : [`(-@all ${commands.map((one) => `+${one}`).join(" ")} ${keys.map((key) => `~${key}`).join(" ")})`];
  return [
    ...["user", user.name, "on", password, "resetchannels", "-@all", ...new Set(rights)],
    ...new Set(patterns),
    ...selector(["fcall"], [...new Set(user.called ?? [])]),
    ...selector([...CONSUME, "xrange", "xrevrange", "xlen", "xpending"], user.groups ?? []),
  ].join(" ");
}
