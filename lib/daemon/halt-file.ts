import { statSync } from "node:fs";

/**
 * Whether the halt file stands in the way of entries. It is looked at before each entry, so that a halt
 * holds even where Redis never heard of it. Only a file that is certainly not there means "not halted".
 */
export function haltFileStands(path: string): boolean {
  try {
    // Without an error for the rule, that it is not there: one takes as long as a signature.
    return statSync(path, { throwIfNoEntry: false }) !== undefined;
  } catch {
    return true;
  }
}
