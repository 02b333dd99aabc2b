import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import type { TradingMode } from "../../../lib/contract/trading-mode.ts";

/** What `act.ts` saw, said on its last line of stdout. */
export const sightingSchema = z.strictObject({
  /** Host names, by TLS server name, that the processes connected to. */
  hosts: z.array(z.string()),
  /** Of three intents: the valid trade, one that a gate would hold, one with a stop on the wrong side. */
  endings: z.array(z.strictObject({ status: z.string(), orderId: z.string() })),
  modeRecorded: z.string(),
  /** How a process of another mode on the same Redis ended. */
  intruder: z.strictObject({ code: z.number(), said: z.string() }),
  recovery: z.strictObject({ code: z.number(), said: z.string() }),
  panic: z.strictObject({ closed: z.number(), failed: z.number(), openAfter: z.number() }),
});
export type Sighting = z.infer<typeof sightingSchema>;

/**
 * Runs `act.ts` where the venue's real names lead to this machine and nothing else can be reached: a network of its
 * own with nothing but loopback, and a hosts file of its own. Needs root, or a kernel that lets everybody be root in a
 * namespace of their own, and Debian's iproute2 and openssl.
 */
export async function actIn(
  mode: Exclude<TradingMode, "PAPER">,
  hosts: readonly string[],
): Promise<Sighting> {
  const folder = mkdtempSync(join(tmpdir(), "walled-off-"));
  const hostsFile = join(folder, "hosts");
  writeFileSync(hostsFile, `127.0.0.1 localhost ${hosts.join(" ")}\n`);
  const inside = 'ip link set lo up && mount --bind "$0" /etc/hosts && exec "$@"';
  const act = [process.execPath, join(import.meta.dir, "act.ts"), mode, folder, ...hosts];
  const asRoot = process.getuid?.() === 0 ? [] : ["--user", "--map-root-user"];
  const child = Bun.spawn(["unshare", ...asRoot, "--net", "--mount", "sh", "-c", inside, hostsFile, ...act], {
    stdin: "ignore",
    stdout: "pipe",
    stderr: "pipe",
  });
  try {
    const [code, out, err] = await Promise.all([
      child.exited,
      new Response(child.stdout).text(),
      new Response(child.stderr).text(),
    ]);
    if (code !== 0) throw new Error(`the walled-off run ended with ${code}: ${err.trim() || out.trim()}`);
    return sightingSchema.parse(JSON.parse(out.trim().split("\n").at(-1) ?? ""));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
