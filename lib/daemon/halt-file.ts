import { statSync } from "node:fs";

/**
 * Whether the halt file stands in the way of entries. It is looked at before each entry, so that a halt
 * holds even where Redis never heard of it. Only a file that is certainly not there means "not halted".
 */
export function haltFileStands(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ENOENT");
  }
}
