import { existsSync } from "node:fs";
import { heartbeatSchema } from "../../contract/heartbeat.ts";
import type { CommandContext } from "../command-context.ts";
import { newestEntries } from "../read-streams.ts";

const UNIT = "quantum-exit-brain.service";
/** The exit brain reads positions once a second. */
const SEEN_WITHIN_MS = 10_000;
const POLL_MS = 100;

export type BrainStop =
  | { readonly kind: "by unit" | "by hand" }
  | { readonly kind: "failed"; readonly why: string };

/**
 * Freezes the exit brain once it guards the position: its unit's process gets SIGSTOP, and systemd's own watchdog
 * kills and restarts it later, so an interrupted drill leaves nothing stopped. Without the unit somebody is asked to.
 */
export async function stopExitBrain(context: CommandContext): Promise<BrainStop> {
  if (!(await guards(context)))
    return { kind: "failed", why: "the exit brain's heartbeat does not count the position" };
  const systemctl = existsSync("/run/systemd/system") ? Bun.which("systemctl") : null;
  if (systemctl === null || !(await succeeds([systemctl, "is-active", "--quiet", UNIT]))) {
    context.print("stop the exit brain NOW in another terminal: kill -STOP <its pid>");
    return { kind: "by hand" };
  }
  const killed = await succeeds([systemctl, "kill", "--kill-whom=main", "--signal=SIGSTOP", UNIT]);
  if (!killed) return { kind: "failed", why: `systemctl kill ${UNIT} was refused: run the drill as root` };
  context.print(`${UNIT} is frozen (SIGSTOP); systemd will restart it`);
  return { kind: "by unit" };
}

/** Whether a heartbeat says within a few cycles that the position is seen. */
async function guards(context: CommandContext): Promise<boolean> {
  const until = context.clock.monotonicMs() + SEEN_WITHIN_MS;
  while (context.clock.monotonicMs() < until && !context.signal.aborted) {
    const [beat] = await newestEntries(context.redis, context.keys.heartbeatStream, 1);
    const counted = heartbeatSchema.safeParse(beat?.fields).data?.active_positions ?? 0;
    if (counted > 0) return true;
    await context.clock.sleep(POLL_MS, context.signal);
  }
  return false;
}

async function succeeds(command: readonly string[]): Promise<boolean> {
  const child = Bun.spawn([...command], { stdin: "ignore", stdout: "ignore", stderr: "ignore" });
  return (await child.exited) === 0;
}
