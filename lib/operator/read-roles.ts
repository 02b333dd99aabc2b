import { recordReply } from "../redis/reply.ts";
import type { CommandContext } from "./command-context.ts";
import { scanKeys } from "./read-safety.ts";

export interface RoleReading {
  readonly role: string;
  readonly instance: string;
  readonly build: string;
  readonly git: string;
  readonly boot_id: string;
  readonly beat_age_ms: number;
  readonly restarts: number;
  /** What the venue said of its credentials; "" for a role without any. */
  readonly credentials: string;
}

/** Every role that is alive, as its key says. */
export async function readRoles(
  context: Pick<CommandContext, "redis" | "keys">,
): Promise<readonly RoleReading[]> {
  const found = await scanKeys(context, context.keys.rolePrefix);
  return Promise.all(
    found.map(async (key) => {
      const [role = "", ...instance] = key.slice(context.keys.rolePrefix.length).split(":");
      const fields = recordReply(await context.redis.command(["HGETALL", key]).catch(() => []));
      return {
        ...{ role, instance: instance.join(":"), build: fields["build"] ?? "", git: fields["git"] ?? "" },
        boot_id: fields["boot_id"] ?? "",
        beat_age_ms: Math.max(0, context.redis.serverNowMs() - Number(fields["last_beat"] ?? 0)),
        restarts: Number(fields["restarts"] ?? 0),
        credentials: fields["credentials"] ?? "",
      };
    }),
  );
}
