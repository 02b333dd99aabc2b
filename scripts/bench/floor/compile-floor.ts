import { join } from "node:path";
import { fileURLToPath } from "node:url";

/** Those of scripts/build.ts: a floor that is built otherwise is none. */
const FLAGS = [
  "--compile",
  "--minify",
  "--sourcemap",
  "--bytecode",
  "--format=esm",
  "--no-compile-autoload-bunfig",
  "--no-compile-autoload-dotenv",
];

const PROGRAM = fileURLToPath(new URL("./floor-program.ts", import.meta.url));

/** Compiles the floor program into `folder` and returns the binary's path. Throws with the compiler's words. */
export async function compileFloor(folder: string): Promise<string> {
  const outfile = join(folder, "floor");
  const command = ["bun", "build", ...FLAGS, PROGRAM, "--outfile", outfile];
  const child = Bun.spawn(command, { stdout: "pipe", stderr: "pipe" });
  const [out, err] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  if (child.exitCode !== 0) throw new Error(`the floor does not compile:\n${out}${err}`);
  return outfile;
}
