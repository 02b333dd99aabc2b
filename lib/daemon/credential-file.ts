import { readFileSync } from "node:fs";
import { join } from "node:path";

export type CredentialRead =
  | { readonly kind: "absent" }
  | { readonly kind: "read"; readonly value: string }
  | { readonly kind: "unreadable"; readonly path: string; readonly why: string };

/** A credential that systemd put into a folder of its own. Unreadable is not absent: it is a fault. */
export function readCredentialFile(directory: string | undefined, name: string): CredentialRead {
  if (directory === undefined) return { kind: "absent" };
  const path = join(directory, name);
  try {
    const value = readFileSync(path, "utf8").trim();
    return value === "" ? { kind: "unreadable", path, why: "it is empty" } : { kind: "read", value };
  } catch (error) {
    const code = error instanceof Error && "code" in error ? String(error.code) : String(error);
    return code === "ENOENT" ? { kind: "absent" } : { kind: "unreadable", path, why: code };
  }
}
