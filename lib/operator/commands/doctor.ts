import { existsSync, statSync } from "node:fs";
import { z } from "zod";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { haltFileStands } from "../../daemon/halt-file.ts";
import { recordReply } from "../../redis/reply.ts";
import { columns } from "../columns.ts";
import { operatorCommand } from "../command.ts";
import type { Desk } from "../desk.ts";
import { readHalt, readText, scanKeys } from "../read-safety.ts";

interface Finding {
  readonly check: string;
  readonly verdict: "ok" | "warning" | "fault";
  readonly what: string;
  /** What to do about it; empty when fine. */
  readonly hint: string;
}

/** How far our clock may be from the venue's before requests are refused (recvWindow), ms. */
const CLOCK_APART_MAX_MS = 1000;

/** Looks at everything that has to be right, and says what to do about what is not. */
export const doctorCommand = operatorCommand({
  path: "doctor",
  summary: "check configuration, Redis, clock, credentials, units and versions",
  input: z.object({}),
  async run(desk) {
    const checks = [
      redisSettings,
      redisAccess,
      kernelLibrary,
      modeRecorded,
      halted,
      versions,
      venue,
      files,
      units,
    ];
    const findings: Finding[] = [];
    for (const check of checks) findings.push(...(await check(desk)));
    const faults = findings.filter((finding) => finding.verdict === "fault").length;
    return {
      json: { faults, findings },
      lines: columns(
        findings.map((one) => [
          one.verdict.padEnd(7),
          one.check,
          one.what + (one.hint === "" ? "" : ` → ${one.hint}`),
        ]),
      ),
      ...(faults === 0 ? {} : { exitCode: EXIT_CODES.crash }),
    };
  },
});

const ok = (check: string, what: string): Finding => ({ check, verdict: "ok", what, hint: "" });
const warning = (check: string, what: string, hint: string): Finding => ({
  check,
  verdict: "warning",
  what,
  hint,
});
const fault = (check: string, what: string, hint: string): Finding => ({
  check,
  verdict: "fault",
  what,
  hint,
});

async function configValue(desk: Desk, name: string): Promise<string | undefined> {
  const reply = await desk.redis.command(["CONFIG", "GET", name]).catch(() => undefined);
  return reply === undefined ? undefined : recordReply(reply)[name];
}

async function redisSettings(desk: Desk): Promise<readonly Finding[]> {
  const [policy, aof, sync] = await Promise.all(
    ["maxmemory-policy", "appendonly", "appendfsync"].map((name) => configValue(desk, name)),
  );
  if (policy === undefined) {
    return [warning("redis settings", "this user may not read them", "give it +config|get or look by hand")];
  }
  return [
    policy === "noeviction"
      ? ok("redis eviction", "noeviction")
      : fault(
          "redis eviction",
          `maxmemory-policy is ${policy}`,
          "set noeviction: an evicted ledger entry is an order sent twice",
        ),
    aof === "yes"
      ? ok("redis durability", `AOF, appendfsync ${sync ?? "?"}`)
      : fault("redis durability", "no AOF: a restart forgets orders", "appendonly yes, appendfsync always"),
    ...(aof === "yes" && sync !== "always"
      ? [
          warning(
            "redis durability",
            `appendfsync ${sync ?? "?"} may lose the last second`,
            "appendfsync always",
          ),
        ]
      : []),
  ];
}

async function redisAccess(desk: Desk): Promise<readonly Finding[]> {
  const user = await desk.redis.command(["ACL", "WHOAMI"]).catch(() => undefined);
  if (user === undefined) return [ok("redis user", "an ACL user without ACL rights")];
  return user === "default"
    ? [warning("redis user", "everyone is the default user", "install the ACL file: one user a role")]
    : [ok("redis user", String(user))];
}

async function kernelLibrary(desk: Desk): Promise<readonly Finding[]> {
  const reply = await desk.redis.command(["FUNCTION", "LIST"]).catch(() => undefined);
  if (reply === undefined)
    return [warning("kernel functions", "this user may not list them", "+function|list")];
  const loaded = JSON.stringify(reply).includes("quantum_kernel");
  return [
    loaded
      ? ok("kernel functions", "loaded")
      : fault("kernel functions", "not loaded", "start the router or execution once as a user that may load"),
  ];
}

async function modeRecorded(desk: Desk): Promise<readonly Finding[]> {
  const recorded = await readText(desk, desk.keys.mode);
  if (recorded === undefined) return [warning("mode", "none recorded yet", "the first execution records it")];
  return recorded === desk.mode
    ? [ok("mode", recorded)]
    : [
        fault(
          "mode",
          `recorded ${recorded}, configured ${desk.mode}`,
          "one Redis serves one mode and account",
        ),
      ];
}

async function halted(desk: Desk): Promise<readonly Finding[]> {
  const inRedis = await readHalt(desk);
  const file = haltFileStands(desk.haltFile);
  if (!inRedis.halted && !file) return [ok("halt", "not halted")];
  return [warning("halt", inRedis.state?.reason ?? "the halt file stands", "quantumctl halt status")];
}

async function versions(desk: Desk): Promise<readonly Finding[]> {
  const keys = await scanKeys(desk, desk.keys.rolePrefix);
  const builds = new Set<string>();
  for (const key of keys) {
    const [build, git] = await Promise.all(
      ["build", "git"].map((field) => desk.redis.command(["HGET", key, field])),
    );
    builds.add(`${String(build)} ${String(git)}`);
  }
  if (keys.length === 0) return [warning("versions", "no role is alive", "systemctl start quantum.target")];
  return builds.size === 1
    ? [ok("versions", `${keys.length} roles run ${[...builds].join()}`)]
    : [fault("versions", `roles differ: ${[...builds].join(", ")}`, "restart what the upgrade left behind")];
}

async function venue(desk: Desk): Promise<readonly Finding[]> {
  const exchange = desk.exchange();
  const connected = await exchange.connect();
  if (!connected.ok) {
    const { message } = connected.outcome;
    return [fault("venue", message, "check the address, the network and the credentials")];
  }
  const probe = await exchange.probe();
  const apartMs = Math.round(Math.abs(exchange.serverNowMs() - desk.clock.nowMs()));
  const account = await readText(desk, desk.keys.modeAccount);
  const same = account === undefined || account === connected.value.fingerprint;
  return [
    probe.ok
      ? ok("credentials", "accepted")
      : fault("credentials", probe.outcome.message, "renew the key, its permissions or its address list"),
    same
      ? ok("account", "the recorded one")
      : fault("account", "not the one recorded", "wrong credentials for this Redis"),
    apartMs <= CLOCK_APART_MAX_MS
      ? ok("clock", `${apartMs} ms from the venue's`)
      : warning("clock", `${apartMs} ms from the venue's`, "run chrony or systemd-timesyncd"),
  ];
}

async function files(desk: Desk): Promise<readonly Finding[]> {
  const wanted = [
    ["/etc/quantum", 0o027],
    ["/etc/quantum/credentials", 0o077],
  ] as const;
  return wanted
    .flatMap(([path, forbidden]) => {
      if (!existsSync(path)) return [];
      const mode = statSync(path).mode & 0o777;
      const text = `mode ${mode.toString(8).padStart(4, "0")}`;
      return (mode & forbidden) === 0
        ? [ok(path, text)]
        : [fault(path, text, `chmod ${(mode & ~forbidden).toString(8)} ${path}`)];
    })
    .concat(existsSync(desk.haltFile) ? [] : []);
}

async function units(): Promise<readonly Finding[]> {
  const systemctl = Bun.which("systemctl");
  if (systemctl === null || !existsSync("/run/systemd/system")) {
    return [warning("units", "no systemd here", "check the processes by hand")];
  }
  const child = Bun.spawn(
    [systemctl, "list-units", "--all", "--plain", "--no-legend", "--no-pager", "quantum-*"],
    { stdout: "pipe", stderr: "ignore" },
  );
  const [out] = await Promise.all([child.stdout.text(), child.exited]);
  const lines = out.split("\n").filter((line) => line.trim() !== "");
  const failed = lines
    .filter((line) => /\bfailed\b/.test(line))
    .map((line) => line.trim().split(/\s+/)[0] ?? "");
  if (lines.length === 0) return [warning("units", "none installed", "run install.sh")];
  return failed.length === 0
    ? [ok("units", `${lines.length} loaded, none failed`)]
    : failed.map((unit) => fault(unit, "failed", `systemctl status ${unit}; journalctl -u ${unit}`));
}
