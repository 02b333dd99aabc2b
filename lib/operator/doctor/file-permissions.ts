import { readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { type Finding, fault, ok } from "./finding.ts";

/** What nobody may be able to do, as permission bits. */
const WRITE_OR_OTHERS = 0o027;
const ANYBODY_ELSE = 0o077;
/** Names that say that their value is a secret. */
const SECRET_LINE = /^\s*(?:export\s+)?([A-Z_]*(?:SECRET|PASSWORD|API_KEY|ADMIN_TOKEN))\s*=\s*\S/m;

/** The configuration's folders and files: secret, and not written by the daemons. */
export async function filePermissions(): Promise<readonly Finding[]> {
  const folder = "/etc/quantum";
  const credentials = join(folder, "credentials");
  const files = listOf(folder).filter((name) => name.endsWith(".env"));
  const secrets = listOf(credentials);
  return [
    ...permissions(folder, WRITE_OR_OTHERS),
    ...permissions(credentials, ANYBODY_ELSE),
    ...files.flatMap((name) => permissions(join(folder, name), WRITE_OR_OTHERS)),
    ...secrets.flatMap((name) => permissions(join(credentials, name), ANYBODY_ELSE)),
    ...files.flatMap((name) => secretsIn(join(folder, name))),
  ];
}

function listOf(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch {
    return [];
  }
}

/** Nothing where it is absent, or may not be looked at by whoever asks. */
function permissions(path: string, forbidden: number): readonly Finding[] {
  try {
    const mode = statSync(path).mode & 0o777;
    const text = `mode ${octal(mode)}`;
    if ((mode & forbidden) === 0) return [ok(path, text)];
    return [fault(path, text, `chmod ${octal(mode & ~forbidden)} ${path}`)];
  } catch {
    return [];
  }
}

const octal = (mode: number) => mode.toString(8).padStart(4, "0");

function secretsIn(path: string): readonly Finding[] {
  try {
    const name = SECRET_LINE.exec(readFileSync(path, "utf8"))?.[1];
    if (name === undefined) return [];
    const hint = "put it into a file of /etc/quantum/credentials (0600 root) and take it out here";
    return [fault(path, `holds a secret: ${name}`, hint)];
  } catch {
    return [];
  }
}
