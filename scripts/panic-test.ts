/**
 * `bun run panic:test`: publishes a real panic and shows what becomes of it. Every position of the account is closed
 * and trading stays halted until an operator clears it. `--help` lists the options.
 */
import { processEnvironment } from "../lib/daemon/environment.ts";
import { runPanicTest } from "./panic-test/run-panic-test.ts";

process.exitCode = await runPanicTest({
  args: process.argv.slice(2),
  environment: processEnvironment(),
  say: (line) => void process.stdout.write(`${line}\n`),
  isTerminal: process.stdin.isTTY === true,
  ask: (question) => prompt(question) ?? "",
});
