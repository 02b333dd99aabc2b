import { RootCommand } from "@bomb.sh/tab";
import tab from "@bomb.sh/tab/commander";
import { Command, CommanderError } from "commander";
import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import { bashCompletion } from "./bash-completion.ts";
import type { OperatorCommand, Report } from "./command.ts";
import type { CommandContext, Surroundings } from "./command-context.ts";
import { printable } from "./printable.ts";
import { UsageError } from "./usage-error.ts";

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
  readonly world: Pick<Surroundings, "clock" | "environment" | "binaries" | "who" | "signal">;
  /** Reads the configuration and connects; only called for a command that needs it. `close` is called in the end. */
  openContext(
    around: Surroundings,
    redis: "ready" | "as it is",
  ): Promise<{ readonly context: CommandContext; close(): Promise<void> }>;
}

const GLOBAL_OPTIONS = [
  ["--json", "print one JSON document instead of text"],
  ["-y, --yes", "do not ask before acting"],
] as const;

const EXIT_CODE_TEXT = `
Exit codes: 0 done, or yes · 1 refused, or no · 64 wrong usage, or not confirmed · 75 Redis is not there ·
76 a panic is not flat · 78 the configuration is wrong, or forbids it`;

/** Runs one command line (without the program's name) and returns its exit code, see EXIT_CODE_TEXT. */
export async function runProgram(parts: ProgramParts, argv: readonly string[]): Promise<ExitCode> {
  let exitCode: ExitCode = EXIT_CODES.clean;
  const program = buildProgram(parts, async (command, raw, globals) => {
    exitCode = await runCommand(parts, command, { raw, ...globals });
  });
  try {
    await program.parseAsync([...argv], { from: "user" });
    return exitCode;
  } catch (error) {
    if (!(error instanceof CommanderError)) throw error;
    // Commander has told people already.
    if (error.exitCode === 0) return EXIT_CODES.clean;
    if (argv.includes("--json")) showFailure(parts.terminal, "USAGE", error.message);
    return EXIT_CODES.usage;
  }
}

interface Globals {
  readonly json: boolean;
  readonly yes: boolean;
}
type RawInput = Readonly<Record<string, unknown>>;
type Run = (command: OperatorCommand, raw: RawInput, globals: Globals) => Promise<void>;

function buildProgram(parts: ProgramParts, run: Run): Command {
  const program = new Command("quantumctl")
    .description("The operator's command line of the quantum kernel")
    .version(parts.version)
    .exitOverride()
    .showHelpAfterError("(add --help for what it takes)")
    .addHelpText("afterAll", EXIT_CODE_TEXT)
    .configureOutput({
      writeOut: (text) => parts.terminal.out(text.trimEnd()),
      writeErr: (text) => parts.terminal.err(text.trimEnd()),
    });
  for (const [flags, meaning] of GLOBAL_OPTIONS) program.option(flags, meaning);
  for (const command of parts.commands) {
    const leaf = leafOf(program, command.path.split(" ")).description(command.summary);
    for (const [syntax, meaning, choices] of command.parameters) {
      const argument = leaf.createArgument(syntax, meaning);
      leaf.addArgument(choices === undefined ? argument : argument.choices(choices));
    }
    for (const [flags, meaning] of [...command.options, ...GLOBAL_OPTIONS]) leaf.option(flags, meaning);
    if (command.notes !== "") leaf.addHelpText("after", `\n${command.notes}`);
    leaf.action(async () => {
      const { json, yes, ...options } = leaf.optsWithGlobals();
      const named = leaf.registeredArguments.map((one, at) => [one.name(), leaf.processedArgs[at]]);
      const raw = { ...options, ...Object.fromEntries(named.filter(([, value]) => value !== undefined)) };
      await run(command, raw, { json: json === true, yes: yes === true });
    });
  }
  addCompletion(program, parts.terminal);
  return program;
}

/** The library's script for bash declares its names read-only: sourced a second time it fails. */
function addCompletion(program: Command, terminal: Terminal): void {
  const completion = tab(program);
  completion.setup = (name, executable, shell) => {
    if (shell === "bash") terminal.out(bashCompletion(name));
    else RootCommand.prototype.setup.call(completion, name, executable, shell);
  };
}

/** What the words stand for that are no command by themselves. */
const FAMILIES: Readonly<Record<string, string>> = {
  "safe-mode": "the circuit breaker: on, off, status",
  halt: "the halt after a panic: status, clear",
  dlq: "dead letters: list, show, retry, drop",
  ledger: "the order ledger: show",
  library: "the server-side functions: load",
  prove: "proofs through a throw-away pipeline: gates",
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
  call: { readonly raw: RawInput } & Globals,
): Promise<ExitCode> {
  const { terminal } = parts;
  const around = surroundingsOf(parts, call);
  const prepared = command.prepare(call.raw);
  if (prepared.kind === "wrong_usage") {
    throw new UsageError(`${command.path}: ${prepared.faults.join("; ")}`);
  }
  if (prepared.kind === "standalone") return show(terminal, await prepared.run(around), call.json);
  if (prepared.question !== undefined && !(await around.confirm(prepared.question))) {
    if (call.json) showFailure(terminal, "NOT_CONFIRMED", "not confirmed; nothing was done");
    return EXIT_CODES.usage;
  }
  const { context, close } = await parts.openContext(around, prepared.redis);
  try {
    return show(terminal, await prepared.run(context), call.json);
  } finally {
    await close();
  }
}

function surroundingsOf({ terminal, world }: ProgramParts, { json, yes }: Globals): Surroundings {
  return {
    ...world,
    print: (line) => (json ? terminal.err(printable(line)) : terminal.out(printable(line))),
    show: (line, document) => terminal.out(json ? JSON.stringify(document) : printable(line)),
    confirm: async (question) => yes || (await confirmed(terminal, question)),
  };
}

async function confirmed(terminal: Terminal, question: string): Promise<boolean> {
  if (!terminal.interactive) {
    terminal.err(`${question} Nobody can be asked here: repeat with --yes.`);
    return false;
  }
  if (await terminal.confirm(question)) return true;
  terminal.err("not confirmed");
  return false;
}

function showFailure(terminal: Terminal, code: string, message: string): void {
  terminal.out(JSON.stringify({ error: { code, message, hint: "" } }, undefined, 2));
}

function show(terminal: Terminal, report: Report, json: boolean): ExitCode {
  if (!json) for (const line of report.lines) terminal.out(printable(line));
  else if (report.json !== undefined) terminal.out(JSON.stringify(report.json, undefined, 2));
  return report.exitCode ?? EXIT_CODES.clean;
}
