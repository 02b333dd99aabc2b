import { join } from "node:path";
import { COMPILE_FLAGS } from "../../scripts/compile-flags.ts";

const COMMANDS = join(import.meta.dir, "../../cmd");

/** Compiles a role as `bun run build` does, into a folder of the test's own; returns the binary's path. */
export async function compileRole(folder: string, role: string): Promise<string> {
  const binary = join(folder, role);
  const source = join(COMMANDS, `${role}.ts`);
  const build = Bun.spawn(["bun", "build", ...COMPILE_FLAGS, source, "--outfile", binary], {
    stderr: "pipe",
  });
  const [words] = await Promise.all([build.stderr.text(), build.exited]);
  if (build.exitCode !== 0) throw new Error(`${role} does not compile: ${words}`);
  return binary;
}
