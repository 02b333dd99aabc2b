import { describe, expect, test } from "bun:test";
import { z } from "zod";
import { EXIT_CODES } from "../../../lib/contract/exit-codes.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { bashCompletion } from "../../../lib/operator/bash-completion.ts";
import { type OperatorCommand, operatorCommand, standaloneCommand } from "../../../lib/operator/command.ts";
import type { CommandContext, Surroundings } from "../../../lib/operator/command-context.ts";
import { OPERATOR_COMMANDS } from "../../../lib/operator/commands.ts";
import { runProgram } from "../../../lib/operator/program.ts";

const NOTED: { value: Surroundings | undefined } = { value: undefined };

const COMMANDS: readonly OperatorCommand[] = [
  standaloneCommand({
    path: "family look",
    summary: "looks",
    options: [["--count <n>", "how many"]],
    input: z.object({ count: z.string().regex(/^\d$/, "one digit").default("1") }),
    run: async (around, { count }) => {
      NOTED.value = around;
      around.print("looking");
      around.show(`piece ${count}`, { piece: count });
      const sure = await around.confirm("Sure?");
      return { json: undefined, lines: [`sure: ${sure}`] };
    },
  }),
  operatorCommand({
    path: "act",
    summary: "acts",
    parameters: [["<what>", "what", ["this", "that"]]],
    input: z.object({ what: z.string() }),
    question: ({ what }) => (what === "that" ? undefined : "Act?"),
    run: async (_desk, { what }) => ({ json: { what }, lines: [what], exitCode: EXIT_CODES.crash }),
  }),
];

interface Setting {
  readonly interactive?: boolean;
  readonly answer?: boolean;
}

/** Runs a command line at a terminal of this test; no context is opened. */
async function at(argv: readonly string[], { interactive = false, answer = false }: Setting = {}) {
  const out: string[] = [];
  const err: string[] = [];
  const asked: string[] = [];
  let opened = 0;
  let closed = 0;
  const parts = {
    ...{ version: "1", commands: COMMANDS },
    terminal: {
      out: (line: string) => void out.push(line),
      err: (line: string) => void err.push(line),
      interactive,
      confirm: async (question: string) => {
        asked.push(question);
        return answer;
      },
    },
    world: {
      ...{ clock: systemClock, environment: {}, binaries: "/", who: "alice" },
      signal: new AbortController().signal,
    },
    openContext: async () => {
      opened += 1;
      const context = contextSchema.parse({});
      return {
        context,
        close: async () => {
          closed += 1;
        },
      };
    },
  };
  const code = await runProgram(parts, argv).catch((error: unknown) => String(error));
  return { out, err, asked, code, opened, closed };
}
const contextSchema = z.custom<CommandContext>(() => true);

describe("what a program prints", () => {
  test("the completion script for bash is ours", async () => {
    expect(await at(["complete", "bash"])).toMatchObject({ out: [bashCompletion("quantumctl")], code: 0 });
  });

  test("text goes to stdout as it comes, and the report's lines after it", async () => {
    expect(await at(["family", "look", "-y"])).toMatchObject({
      out: ["looking", "piece 1", "sure: true"],
      err: [],
      code: 0,
    });
  });

  test("under --json stdout holds documents alone", async () => {
    expect(await at(["family", "look", "-y", "--count", "7", "--json"])).toMatchObject({
      out: ['{"piece":"7"}'],
      err: ["looking"],
    });
  });

  test.each([[["--json", "-y", "act", "this"]], [["act", "this", "--json", "--yes"]]])(
    "global options stand anywhere: %p",
    async (argv) => {
      const { out, code, asked } = await at(argv);
      expect({ json: JSON.parse(out.join("\n")), code, asked }).toEqual({
        json: { what: "this" },
        code: 1,
        asked: [],
      });
    },
  );

  test.each([
    [["act", "other", "--json"], "USAGE"],
    [["act", "this", "--json"], "NOT_CONFIRMED"],
    [["nonsense", "--json"], "USAGE"],
  ])("%p is said in JSON, too, and ends with 64", async (argv, code) => {
    const run = await at(argv);
    expect(JSON.parse(run.out.join("\n"))).toMatchObject({ error: { code } });
    expect(run).toMatchObject({ code: 64, opened: 0 });
  });
});

describe("a question", () => {
  test.each([
    [
      ["act", "this"],
      { interactive: true, answer: true },
      { code: 1, opened: 1, closed: 1, asked: ["Act?"] },
    ],
    [["act", "this"], { interactive: true, answer: false }, { code: 64, opened: 0, asked: ["Act?"] }],
    [["act", "this"], { interactive: false }, { code: 64, opened: 0, asked: [] }],
    [["act", "this", "--yes"], { interactive: false }, { code: 1, opened: 1, closed: 1, asked: [] }],
    [["act", "that"], { interactive: false }, { code: 1, opened: 1, closed: 1, asked: [] }],
  ])("%p with %p", async (argv, setting, expected) => {
    expect(await at(argv, setting)).toMatchObject(expected);
  });

  test("of a command that asks for itself is answered by --yes, and by nobody without a terminal", async () => {
    expect((await at(["family", "look"])).out).toContain("sure: false");
    expect((await at(["family", "look"])).err.join()).toContain("--yes");
    expect((await at(["family", "look"], { interactive: true, answer: true })).out).toContain("sure: true");
  });
});

test("a standalone command opens no context, and faults of its input name option and command", async () => {
  expect(await at(["family", "look", "-y"])).toMatchObject({ opened: 0 });
  expect((await at(["family", "look", "--count", "12"])).code).toContain("family look: count: one digit");
});

test("every command's help says what it takes, and the exit codes", async () => {
  for (const argv of [["--help"], ["family", "--help"], ["act", "--help"]]) {
    const { out, code } = await at(argv);
    expect(code).toBe(0);
    expect(out.join("\n")).toContain("64 wrong usage");
  }
});

test("what opens risk or closes positions asks first, what only looks does not", () => {
  const asks = OPERATOR_COMMANDS.filter((command) => {
    const prepared = command.prepare({
      why: "why",
      reason: "why",
      stream: "intents",
      id: "1-1",
      intent: "i",
    });
    return prepared.kind === "ready" && prepared.question !== undefined;
  }).map((command) => command.path);
  expect(asks).toEqual([
    ...["arm", "kill", "safe-mode on", "safe-mode off", "halt clear", "panic", "recover"],
    ...["dlq retry", "dlq drop", "library load"],
  ]);
});
