import { existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Finding, fault, ok } from "./finding.ts";

/** What nobody may be able to do, as permission bits. */
const WRITE_OR_OTHERS = 0o027;
const ANYBODY_ELSE = 0o077;
/** Names that say that their value is a secret. */
const SECRET_LINE = /^\s*(?:export\s+)?([A-Z_]*(?:SECRET|PASSWORD|API_KEY|ADMIN_TOKEN))\s*=\s*\S/m;

/** The configuration's folders and files: secret, and not written by the daemons. */
export async function filePermissions(folder: string): Promise<readonly Finding[]> {
  const credentials = join(folder, "credentials");
  const files = listOf(folder)
    .filter((name) => name.endsWith(".env"))
    .map((name) => join(folder, name));
  const secrets = listOf(credentials).map((name) => join(credentials, name));
  const judged = [
    ...[folder, ...files].map((path) => permission(path, WRITE_OR_OTHERS)),
    ...[credentials, ...secrets].map((path) => permission(path, ANYBODY_ELSE)),
    ...files.map(secretIn),
  ];
  const faults = judged.filter((one) => typeof one === "object");
  if (faults.length > 0 || !existsSync(folder)) return faults;
  return [ok("permissions", `${folder}, ${files.length} settings files, ${secrets.length} credentials`)];
}

function listOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** A fault, or undefined: also where it is absent, or may not be looked at by whoever asks. */
function permission(path: string, forbidden: number): Finding | undefined {
  try {
    const mode = statSync(path).mode & 0o777;
    if ((mode & forbidden) === 0) return undefined;
    return fault(path, `mode ${octal(mode)}`, `chmod ${octal(mode & ~forbidden)} ${path}`);
  } catch {
    return undefined;
  }
}

const octal = (mode: number) => mode.toString(8).padStart(4, "0");

function secretIn(path: string): Finding | undefined {
  try {
    const name = SECRET_LINE.exec(readFileSync(path, "utf8"))?.[1];
    const hint = "put it into a file of /etc/quantum/credentials (0600 root) and take it out here";
    return name === undefined ? undefined : fault(path, `holds a secret: ${name}`, hint);
  } catch {
    return undefined;
  }
}
