import type { Role } from "../../contract/roles.ts";
import { recordReply } from "../../redis/reply.ts";
import { ageSeconds } from "../age-seconds.ts";
import type { Collector, RoleInstance } from "../collector.ts";
import { labelText } from "../label-text.ts";
import { BEATING_ROLES } from "./instances.ts";

/** An instance whose role key stands: it is alive. */
export interface AliveInstance extends RoleInstance {
  readonly version: string;
  readonly git: string;
  readonly mode: string;
  readonly account: string;
  readonly beatAgeSec: number;
  /** Whether the venue takes its credentials; undefined where it has not said. */
  readonly credentialsOk: boolean | undefined;
}

export interface RolesState {
  readonly alive: readonly AliveInstance[];
  /** The instances that were asked for: all that have ever beaten, as far as they were known. */
  readonly read: readonly RoleInstance[];
  /** Every role that should run, and whether an instance of it is alive. */
  readonly up: readonly { readonly role: Role; readonly alive: boolean }[];
}

/** Audit logging need not be installed; the others must run. */
const MAY_BE_ABSENT: readonly Role[] = ["audit-logger"];

/** Who is alive: a role key lives 30 s from each beat. */
export const rolesCollector: Collector<
  | "quantum_role_up"
  | "quantum_role_beat_age_seconds"
  | "quantum_role_build_info"
  | "quantum_exchange_credentials_ok",
  RolesState
> = {
  name: "roles",
  commands: ({ keys, instances }) =>
    instances.map(({ role, instance }) => ["HGETALL", `${keys.rolePrefix}${role}:${instance}`]),
  decode(replies, { instances, nowMs }) {
    const alive = instances.flatMap((one) => {
      const fields = recordReply(replies.next());
      return fields["boot_id"] === undefined ? [] : [aliveInstance(one, fields, nowMs)];
    });
    const expected = BEATING_ROLES.filter(
      (role) => !MAY_BE_ABSENT.includes(role) || instances.some((one) => one.role === role),
    );
    const up = expected.map((role) => ({ role, alive: alive.some((one) => one.role === role) }));
    return { alive, read: instances, up };
  },
  readings: ({ alive, up }) => ({
    quantum_role_up: up.map((one) => ({ labels: { role: one.role }, value: one.alive ? 1 : 0 })),
    quantum_role_beat_age_seconds: alive.map(({ role, instance, beatAgeSec }) => ({
      labels: { role, role_instance: instance },
      value: beatAgeSec,
    })),
    quantum_role_build_info: alive.map(({ role, instance, version, git }) => ({
      labels: { role, role_instance: instance, version, git },
      value: 1,
    })),
    quantum_exchange_credentials_ok: credentialsByRole(alive),
  }),
};

function aliveInstance(
  { role, instance }: RoleInstance,
  fields: Readonly<Record<string, string>>,
  nowMs: number,
): AliveInstance {
  const text = (name: string) => labelText(fields[name] ?? "");
  const said = text("credentials");
  return {
    ...{
      role,
      instance,
      version: text("build"),
      git: text("git"),
      mode: text("mode"),
      account: text("account"),
    },
    beatAgeSec: ageSeconds(nowMs, Number(fields["last_beat"]) || 0),
    credentialsOk: said === "" ? undefined : said === "ok",
  };
}

/** A role's credentials are fine when every instance that has said so says so. */
function credentialsByRole(alive: readonly AliveInstance[]) {
  const ok = new Map<Role, boolean>();
  for (const { role, credentialsOk } of alive) {
    if (credentialsOk !== undefined) ok.set(role, (ok.get(role) ?? true) && credentialsOk);
  }
  return [...ok].map(([role, fine]) => ({ labels: { role }, value: fine ? 1 : 0 }));
}
