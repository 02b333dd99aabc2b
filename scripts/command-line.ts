/**
 * What `read` makes of this process' arguments. `--help` prints the usage and ends the process with 0; arguments that
 * `read` throws at end it with 2, its words and the usage.
 */
export function commandLine<Options>(usage: string, read: (args: string[]) => Options): Options {
  const args = Bun.argv.slice(2);
  if (args.includes("--help")) {
    process.stdout.write(`${usage}\n`);
    process.exit(0);
  }
  try {
    return read(args);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n\n${usage}\n`);
    process.exit(2);
  }
}
