import { haltFileStands } from "../../daemon/halt-file.ts";
import { LIBRARY_NAME, librarySource } from "../../kernel/library.ts";
import type { CommandContext } from "../command-context.ts";
import { readHalt, readSafeMode, readText } from "../read-safety.ts";
import { type Finding, fault, ok, warning } from "./finding.ts";

/** That this program got here means that it was read; says what it was read to be. */
export async function configurationRead(context: CommandContext): Promise<readonly Finding[]> {
  return [ok("configuration", `${context.mode}, instance ${context.instance}`)];
}

/** Whether the server-side functions are this release's. */
export async function kernelLibrary(context: CommandContext): Promise<readonly Finding[]> {
  const reply = await context.redis
    .command(["FUNCTION", "LIST", "LIBRARYNAME", LIBRARY_NAME, "WITHCODE"])
    .catch(() => undefined);
  const check = "kernel functions";
  if (reply === undefined) return [warning(check, "this user may not list them", "give it +function|list")];
  const library = Array.isArray(reply) ? reply[0] : undefined;
  const hint = "quantumctl library load";
  if (!Array.isArray(library)) return [fault(check, "not loaded", hint)];
  return library[library.indexOf("library_code") + 1] === librarySource()
    ? [ok(check, `${LIBRARY_NAME}, this release's`)]
    : [
        fault(
          check,
          `${LIBRARY_NAME} is not this release's`,
          `${hint}, unless an older release runs on purpose`,
        ),
      ];
}

/** One Redis serves one mode and account. */
export async function modeRecorded(context: CommandContext): Promise<readonly Finding[]> {
  const recorded = await readText(context, context.keys.mode);
  if (recorded === undefined) return [warning("mode", "none recorded yet", "the first execution records it")];
  if (recorded === context.mode) return [ok("mode", recorded)];
  const hint = "correct TRADING_MODE or REDIS_URL: one Redis serves one mode and account";
  return [fault("mode", `recorded ${recorded}, configured ${context.mode}`, hint)];
}

/** What keeps entries from being opened now. Nothing of it is a fault: somebody or something wanted it so. */
export async function haltSwitches(context: CommandContext): Promise<readonly Finding[]> {
  const [kill, safeMode, halt] = await Promise.all([
    readText(context, context.keys.kill),
    readSafeMode(context),
    readHalt(context),
  ]);
  const halted = halt.halted || haltFileStands(context.haltFile);
  const why = halt.halted ? halt.state?.reason : undefined;
  const said = [
    ...(kill === "0" ? [] : [warning("entries", "killed", "quantumctl arm")]),
    ...(halted
      ? [warning("entries", `halted: ${why ?? "the halt file stands"}`, "quantumctl halt status")]
      : []),
    ...(safeMode.on ? [warning("entries", "safe mode is on", "quantumctl faults")] : []),
  ];
  return said.length === 0 ? [ok("entries", "armed, not halted, safe mode off")] : said;
}
