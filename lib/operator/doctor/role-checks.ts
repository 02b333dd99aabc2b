import { z } from "zod";
import { buildIdentity } from "../../daemon/build-identity.ts";
import type { CommandContext } from "../command-context.ts";
import { absentRoles } from "../needed-roles.ts";
import { type RoleReading, readRoles } from "../read-roles.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";
import { answer, isThere, ownRoles, type RoleAddress } from "./role-answer.ts";

/** Three beats of 5 s are missing: it hangs, or does not reach Redis. */
const BEAT_AGE_MS_MAX = 15_000;

/** Whether everybody who has to be there is, on whatever machine; systemd says nothing of a unit that is switched off. */
export async function presence(context: CommandContext): Promise<readonly Finding[]> {
  return presenceOf(await readRoles(context));
}

export function presenceOf(
  roles: readonly Pick<RoleReading, "role" | "instance" | "beat_age_ms">[],
): readonly Finding[] {
  const absent = absentRoles(roles);
  const silent = roles.filter((one) => one.beat_age_ms > BEAT_AGE_MS_MAX);
  const said = [
    ...absent.map((role) => fault(role, "is not alive", `systemctl enable --now quantum-${role}`)),
    ...silent.map(({ role, instance, beat_age_ms: ageMs }) =>
      fault(
        role,
        `${instance} has not beaten for ${Math.round(ageMs / 1000)} s: it hangs, or does not reach Redis`,
        `journalctl -u quantum-${role} -n 50`,
      ),
    ),
  ];
  return said.length === 0 ? [ok("roles", `${roles.length} alive`)] : said;
}

/** Whether all that is alive was built from one commit, and this program too. */
export async function versions(context: CommandContext): Promise<readonly Finding[]> {
  const roles = await readRoles(context);
  const builds = new Set(roles.map((role) => `${role.build} ${role.git}`));
  if (roles.length === 0) return [];
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

const readySchema = z.object({
  ready: z.boolean(),
  dependencies: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string() })),
});

/** What each role of this machine waits for. */
export async function readiness(context: CommandContext): Promise<readonly Finding[]> {
  return (await Promise.all((await ownRoles(context)).map(readinessOf))).flat();
}

/** What the role says at an address; nothing where it is not the role that answers there. */
export async function readinessOf(at: RoleAddress): Promise<readonly Finding[]> {
  if (!(await isThere(at))) return [];
  const { role, url } = at;
  const view = readySchema.safeParse(await answer(`${url}/readyz`)).data;
  if (view === undefined)
    return [fault(role.role, "does not answer /readyz", `journalctl -u quantum-${role.role}`)];
  const waits = view.dependencies.filter((one) => !one.ok).map((one) => `${one.name}: ${one.detail}`);
  return view.ready
    ? [ok(role.role, "ready")]
    : [fault(role.role, waits.join("; "), `curl -s ${url}/readyz`)];
}
