import { existsSync } from "node:fs";
import { EXIT_CODES } from "../../contract/exit-codes.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

const PROPERTIES = "Id,ActiveState,SubState,UnitFileState,Type,ExecMainStatus,NRestarts";

/** The units as systemd sees them. */
export async function unitStates(): Promise<readonly Finding[]> {
  const systemctl = Bun.which("systemctl");
  if (systemctl === null || !existsSync("/run/systemd/system")) {
    return [warning("units", "no systemd here", "check the processes by hand")];
  }
  const child = Bun.spawn([systemctl, "show", "--all", `--property=${PROPERTIES}`, "quantum-*"], {
    ...({ stdin: "ignore", stdout: "pipe", stderr: "ignore" } as const),
  });
  const [out] = await Promise.all([child.stdout.text(), child.exited]);
  return judgeUnits(out);
}

/** Judges what `systemctl show` printed: one block of `Name=value` lines a unit. Pure. */
export function judgeUnits(shown: string): readonly Finding[] {
  const units = shown
    .split(/\n\s*\n/)
    .map((block) => new Map(block.split("\n").map((line) => pairOf(line))))
    .filter((unit) => unit.get("Id") !== undefined && unit.get("Id") !== "");
  if (units.length === 0) return [warning("units", "none installed", "run install.sh")];
  const said = units.flatMap(unitFindings);
  return said.length === 0 ? [ok("units", `${units.length} loaded, none failed`)] : said;
}

function pairOf(line: string): [string, string] {
  const at = line.indexOf("=");
  return [line.slice(0, at), line.slice(at + 1).trim()];
}

function unitFindings(unit: ReadonlyMap<string, string>): readonly Finding[] {
  const name = unit.get("Id") ?? "";
  const look = `journalctl -u ${name} -n 50`;
  const status = Number(unit.get("ExecMainStatus"));
  if (unit.get("ActiveState") === "failed") return [fault(name, `failed: ${endOf(status)}`, look)];
  if (unit.get("SubState") === "auto-restart") return [fault(name, "ends again and again", look)];
  const enabled = unit.get("UnitFileState") === "enabled";
  if (unit.get("ActiveState") === "inactive" && enabled && unit.get("Type") !== "oneshot") {
    return [warning(name, "enabled, and not running", `systemctl start ${name}`)];
  }
  return [];
}

function endOf(status: number): string {
  if (status === EXIT_CODES.configuration) return "its configuration is wrong (78)";
  if (status === EXIT_CODES.panicIncomplete) return "a panic ended with positions OPEN (76)";
  return `exit status ${status}`;
}
