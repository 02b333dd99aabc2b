import { expect, test } from "bun:test";
import { answerCommandLine } from "../../../lib/daemon/command-line.ts";

const BUILD = { version: "1.2.3", git: "abc1234" };
const answer = (...args: string[]) => answerCommandLine("execution", BUILD, { args });

test("without arguments the daemon starts", () => {
  expect(answer()).toBeUndefined();
});

test("--help and --version are answered, and nothing is started", () => {
  expect(answer("--help")).toMatchObject({
    code: 0,
    text: expect.stringContaining("usage: quantum-execution"),
  });
  expect(answer("--version")).toEqual({ code: 0, text: "quantum-execution 1.2.3 abc1234\n" });
});

test("--help says what else the binary does", () => {
  const also = ["quantum-audit-logger --verify FILE…"];
  const said = answerCommandLine("audit-logger", BUILD, { args: ["--help"], also });
  expect(said?.text).toStartWith(`usage: quantum-audit-logger [--help | --version]\n       ${also[0]}\n`);
});

test.each([[["--dry-run"]], [["start"]], [["--version", "now"]]])("%p starts nothing either", (args) => {
  const said = answer(...args);
  expect(said).toMatchObject({ code: 64, text: expect.stringContaining(args.join(" ")) });
});
