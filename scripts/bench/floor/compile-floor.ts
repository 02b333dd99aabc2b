import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { COMPILE_FLAGS } from "../../compile-flags.ts";

/** With node-redis, as the package stands for in the aims; and without, as the roles with a wire of their own are. */
const PROGRAMS = { floor: "./floor-program.ts", "wire-floor": "./wire-floor-program.ts" } as const;

/** Compiles a floor program into `folder` and returns the binary's path. Throws with the compiler's words. */
export async function compileFloor(folder: string, which: keyof typeof PROGRAMS = "floor"): Promise<string> {
  const outfile = join(folder, which);
  const program = fileURLToPath(new URL(PROGRAMS[which], import.meta.url));
  // As a role is: a floor that is built otherwise is none.
  const command = ["bun", "build", ...COMPILE_FLAGS, program, "--outfile", outfile];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) throw new Error(`the floor does not compile:\n${out}${err}`);
  return outfile;
}
