import tab from "@bomb.sh/tab/commander";
import { Command, CommanderError } from "commander";
import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import type { OperatorCommand, Report } from "./command.ts";
import type { Desk } from "./desk.ts";

/** How the program reaches the world. */
export interface Terminal {
  out(line: string): void;
  err(line: string): void;
  /** false when nobody can be asked. */
  readonly interactive: boolean;
  /** Asks; only called when interactive. */
  confirm(question: string): Promise<boolean>;
}

interface ProgramParts {
  readonly version: string;
  readonly commands: readonly OperatorCommand[];
  readonly terminal: Terminal;
  /** Connects; only called when a command runs. `close` is called in the end. */
  openDesk(): Promise<{ readonly desk: Desk; close(): Promise<void> }>;
}

const GLOBAL_OPTIONS = [
  ["--json", "print one JSON document instead of text"],
  ["-y, --yes", "do not ask before acting"],
] as const;

/**
 * Runs one command line (without the program's name) and returns its exit code: 0 done, 1 refused or "no",
 * 64 wrong usage or not confirmed, and the contract's 75, 76 and 78.
 */
export async function runProgram(parts: ProgramParts, argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.clean;
  const program = buildProgram(parts, async (command, raw, globals) => {
    exitCode = await runCommand(parts, command, { raw, ...globals });
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT_CODES.clean : EXIT_CODES.usage;
    throw error;
  }
}

type Run = (
  command: OperatorCommand,
  raw: Readonly<Record<string, unknown>>,
  globals: { readonly json: boolean; readonly yes: boolean },
) => Promise<void>;

function buildProgram(parts: ProgramParts, run: Run): Command {
  const program = new Command("quantumctl")
    .description("The operator's command line of the quantum kernel")
    .version(parts.version)
    .exitOverride()
    .showHelpAfterError()
    .configureOutput({
      writeOut: (text) => parts.terminal.out(text.trimEnd()),
      writeErr: (text) => parts.terminal.err(text.trimEnd()),
    });
  for (const command of parts.commands) {
    const leaf = leafOf(program, command.path.split(" ")).description(command.summary);
    for (const [syntax, meaning] of command.parameters) leaf.argument(syntax, meaning);
    for (const [flags, meaning] of [...command.options, ...GLOBAL_OPTIONS]) leaf.option(flags, meaning);
    leaf.action(async () => {
      const { json, yes, ...options } = leaf.opts();
      const named = leaf.registeredArguments.map((one, at) => [one.name(), leaf.processedArgs[at]]);
      const raw = { ...options, ...Object.fromEntries(named.filter(([, value]) => value !== undefined)) };
      await run(command, raw, { json: json === true, yes: yes === true });
    });
  }
  tab(program);
  return program;
}

/** What the words stand for that are no command by themselves. */
const FAMILIES: Readonly<Record<string, string>> = {
  "safe-mode": "the circuit breaker: on, off, status",
  halt: "the halt after a panic: status, clear",
  dlq: "dead letters: list, show, retry, drop",
  ledger: "the order ledger: show",
  library: "the server-side functions: load",
};

/** The command at the end of the path; what is missing on the way is made. */
function leafOf(program: Command, path: readonly string[]): Command {
  let at = program;
  for (const word of path) {
    at = at.commands.find((one) => one.name() === word) ?? newCommand(at, word);
  }
  return at;
}

function newCommand(parent: Command, word: string): Command {
  const made = parent.command(word).exitOverride().copyInheritedSettings(parent);
  const family = FAMILIES[word];
  return family === undefined ? made : made.description(family);
}

async function runCommand(
  parts: ProgramParts,
  command: OperatorCommand,
  call: { readonly raw: Readonly<Record<string, unknown>>; readonly json: boolean; readonly yes: boolean },
): Promise<ExitCode> {
  const { terminal } = parts;
  const prepared = command.prepare(call.raw);
  if (prepared.kind === "wrong_usage") {
    for (const fault of prepared.faults) terminal.err(fault);
    return EXIT_CODES.usage;
  }
  if (prepared.question !== undefined && !call.yes && !(await confirmed(terminal, prepared.question))) {
    return EXIT_CODES.usage;
  }
  const { desk, close } = await parts.openDesk();
  try {
    const report = await prepared.run(desk);
    show(terminal, report, call.json);
    return report.exitCode ?? EXIT_CODES.clean;
  } finally {
    await close();
  }
}

async function confirmed(terminal: Terminal, question: string): Promise<boolean> {
  if (!terminal.interactive) {
    terminal.err(`${question} Nobody can be asked here: repeat with --yes.`);
    return false;
  }
  if (await terminal.confirm(question)) return true;
  terminal.err("nothing was done");
  return false;
}

function show(terminal: Terminal, report: Report, json: boolean): void {
  if (json) terminal.out(JSON.stringify(report.json, undefined, 2));
  else for (const line of report.lines) terminal.out(line);
}
