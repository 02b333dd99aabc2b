import { z } from "zod";
import type { CommandContext } from "../command-context.ts";
import { type Finding, ok, warning } from "./finding.ts";
import { answer, isThere, ownRoles, type RoleAddress } from "./role-answer.ts";

const configSchema = z.object({ RECV_WINDOW_MS: z.number() });

/** Whether the roles of this machine run with one receive window; only they themselves know what they were started with. */
export async function receiveWindows(context: CommandContext): Promise<readonly Finding[]> {
  return receiveWindowsOf(await ownRoles(context));
}

/** What these say in their `/config`. Roles that send no orders have no window, and say nothing here. */
export async function receiveWindowsOf(roles: readonly RoleAddress[]): Promise<readonly Finding[]> {
  const asked = roles.map(async (at) => {
    const config = (await isThere(at)) ? await answer(`${at.url}/config`) : undefined;
    return { role: at.role.role, windowMs: configSchema.safeParse(config).data?.RECV_WINDOW_MS };
  });
  const known = (await Promise.all(asked)).filter(({ windowMs }) => windowMs !== undefined);
  const [first, ...others] = known;
  if (first === undefined) return [];
  const check = "receive window";
  if (others.every(({ windowMs }) => windowMs === first.windowMs)) {
    return [ok(check, `${first.windowMs} ms, ${known.length} roles`)];
  }
  const which = known.map(({ role, windowMs }) => `${role} ${windowMs}`).join(", ");
  const hint =
    "set it in /etc/quantum/quantum.env alone and restart these roles: a panic waits as long as the worker's " +
    "for an entry that execution signed";
  return [warning(check, `RECV_WINDOW_MS differs: ${which}`, hint)];
}
