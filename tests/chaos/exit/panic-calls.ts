import type { Stage } from "./stage.ts";

export type PanicFields = Readonly<Record<string, string>>;

/** A panic as its issuer sends it; `change` replaces fields. */
export function soundPanic(change: PanicFields = {}): PanicFields & { readonly event_id: string } {
  return {
    event_id: crypto.randomUUID(),
    ...{ reason: "DRILL", severity: "CRITICAL", issued_by: "ops", ts: String(Date.now()) },
    ...change,
  };
}

/** Publishes it as the watchdog does. `id`: the entry's own, for one that is older than it is. */
export async function publishPanic(stage: Stage, panic: PanicFields, id = "*"): Promise<void> {
  await stage.eye.command("XADD", stage.keys.panicStream, id, ...Object.entries(panic).flat());
}

/** Calls the worker past Redis, through its unix socket. */
export async function callSocket(stage: Stage, panic: PanicFields): Promise<number> {
  const reply = await fetch("http://localhost/v1/panic", {
    ...{ unix: stage.panicSocket, method: "POST", headers: { "content-type": "application/json" } },
    body: JSON.stringify(panic),
  });
  return reply.status;
}

/** The headers of an operator; what is undefined is left out. */
export interface Caller {
  readonly token?: string | undefined;
  readonly operator?: string | undefined;
}

/** A request to the worker's admin server, by default as its operator makes it. Returns the status. */
export async function askWorker(
  stage: Stage,
  call: { readonly method: "POST" | "DELETE"; readonly path: string; readonly body: object },
  caller: Caller = { token: stage.token, operator: "anna" },
): Promise<number> {
  const reply = await fetch(`${stage.role("emergency-exit-worker").url}${call.path}`, {
    method: call.method,
    headers: {
      "content-type": "application/json",
      ...(caller.token === undefined ? {} : { authorization: `Bearer ${caller.token}` }),
      ...(caller.operator === undefined ? {} : { "x-operator": caller.operator }),
    },
    body: JSON.stringify(call.body),
  });
  return reply.status;
}
