import { z } from "zod";
import { ROLES } from "../../contract/roles.ts";
import type { CommandContext } from "../command-context.ts";
import { type RoleReading, readRoles } from "../read-roles.ts";

const ANSWERS_WITHIN_MS = 1000;

export interface RoleAddress {
  readonly role: Pick<RoleReading, "role" | "boot_id">;
  readonly url: string;
}

/** The live roles of this machine, each at its default port. */
export async function ownRoles(context: CommandContext): Promise<readonly RoleAddress[]> {
  const portOf = (role: RoleReading) =>
    Object.entries(ROLES).find(([name]) => name === role.role)?.[1].adminPort;
  const own = (await readRoles(context)).filter((role) => role.instance === context.instance);
  return own.map((role) => ({ role, url: `http://127.0.0.1:${portOf(role) ?? 0}` }));
}

const versionSchema = z.object({ bootId: z.string() });

/** Whether it is the role that answers there: the port may be somebody else's, or the role have one of its own. */
export async function isThere({ role, url }: RoleAddress): Promise<boolean> {
  const version = versionSchema.safeParse(await answer(`${url}/version`)).data;
  return version?.bootId === role.boot_id && role.boot_id !== "";
}

/** What is answered, parsed; undefined: nothing in time, or no JSON. */
export async function answer(url: string): Promise<unknown> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })).json();
  } catch {
    return undefined;
  }
}
