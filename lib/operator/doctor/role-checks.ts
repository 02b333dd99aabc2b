import { z } from "zod";
import { ROLES } from "../../contract/roles.ts";
import { buildIdentity } from "../../daemon/build-identity.ts";
import type { CommandContext } from "../command-context.ts";
import { type RoleReading, readRoles } from "../read-roles.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

const ANSWERS_WITHIN_MS = 1000;

/** Whether all that is alive was built from one commit, and this program too. */
export async function versions(context: CommandContext): Promise<readonly Finding[]> {
  const roles = await readRoles(context);
  const builds = new Set(roles.map((role) => `${role.build} ${role.git}`));
  if (roles.length === 0) return [warning("versions", "no role is alive", "systemctl start quantum.target")];
  if (builds.size > 1) {
    const which = roles.map((role) => `${role.role} ${role.git}`).join(", ");
    return [fault("versions", `roles differ: ${which}`, "restart what the upgrade left behind")];
  }
  const own = `${buildIdentity.version} ${buildIdentity.git}`;
  const [theirs = ""] = builds;
  return theirs === own
    ? [ok("versions", `${roles.length} roles run ${theirs}`)]
    : [warning("versions", `the roles run ${theirs}, this is ${own}`, "use the quantumctl of that release")];
}

const versionSchema = z.object({ bootId: z.string() });
const readySchema = z.object({
  ready: z.boolean(),
  dependencies: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** What each role of this machine waits for, asked at its default port. */
export async function readiness(context: CommandContext): Promise<readonly Finding[]> {
  const own = (await readRoles(context)).filter((role) => role.instance === context.instance);
  const portOf = (role: RoleReading) =>
    Object.entries(ROLES).find(([name]) => name === role.role)?.[1].adminPort;
  const asked = own.map((role) => readinessOf(role, `http://127.0.0.1:${portOf(role) ?? 0}`));
  return (await Promise.all(asked)).flat();
}

/** What the role says at an address, if it is the role that answers there. */
export async function readinessOf(
  role: Pick<RoleReading, "role" | "boot_id">,
  url: string,
): Promise<readonly Finding[]> {
  const version = versionSchema.safeParse(await answer(`${url}/version`)).data;
  // Somebody else's port, or a role with one of its own: nothing can be said.
  if (version?.bootId !== role.boot_id || role.boot_id === "") return [];
  const view = readySchema.safeParse(await answer(`${url}/readyz`)).data;
  if (view === undefined)
    return [fault(role.role, "does not answer /readyz", `journalctl -u quantum-${role.role}`)];
  const waits = view.dependencies.filter((one) => !one.ok).map((one) => `${one.name}: ${one.detail}`);
  return view.ready
    ? [ok(role.role, "ready")]
    : [fault(role.role, waits.join("; "), `curl -s ${url}/readyz`)];
}

async function answer(url: string): Promise<unknown> {
  try {
    return await (await fetch(url, { signal: AbortSignal.timeout(ANSWERS_WITHIN_MS) })).json();
  } catch {
    return undefined;
  }
}
