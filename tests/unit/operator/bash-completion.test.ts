import { expect, test } from "bun:test";
import { bashCompletion } from "../../../lib/operator/bash-completion.ts";

const SCRIPT = bashCompletion("quantumctl");

async function bash(text: string, ...args: readonly string[]) {
  const child = Bun.spawn(["bash", "--norc", "-c", text, "bash", ...args], {
    env: { PATH: Bun.env["PATH"] ?? "", SCRIPT },
    ...({ stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const),
  });
  const [out, err, code] = await Promise.all([child.stdout.text(), child.stderr.text(), child.exited]);
  return { out, err, code };
}

/** What a tab key offers after these words, where the program answers with `answer` and says what it was asked. */
async function offered(answer: string, ...words: readonly string[]) {
  const { out, err } = await bash(
    `quantumctl() { printf '[%s]' "$@" >&3; printf '%b' '${answer}'; }
    source /dev/stdin <<<"$SCRIPT"
    COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1))
    exec 3>&2
    __quantumctl_complete
    printf '%s\\n' "\${COMPREPLY[@]}"`,
    ...words,
  );
  return { candidates: out.split("\n").filter((line) => line !== ""), asked: err };
}

test("it is sourced any number of times without a word, in strict shells, too", async () => {
  const twice =
    'set -euo pipefail; source /dev/stdin <<<"$SCRIPT"; source /dev/stdin <<<"$SCRIPT"; complete -p quantumctl';
  expect(await bash(twice)).toEqual({
    code: 0,
    err: "",
    out: "complete -F __quantumctl_complete quantumctl\n",
  });
});

test("what another program's completion has declared read-only is no trouble", async () => {
  const before = "readonly ShellCompDirectiveError=1 ShellCompDirectiveNoSpace=2;";
  expect(await bash(`${before} source /dev/stdin <<<"$SCRIPT"`)).toMatchObject({ code: 0, err: "" });
});

test("the candidates that begin with the word are offered, without their descriptions", async () => {
  const answer = "on\\tsafe mode on\\noff\\tsafe mode off\\nstatus\\tshow it\\n:4\\n";
  const all = await offered(answer, "quantumctl", "safe-mode", "");
  expect(all).toEqual({ candidates: ["on", "off", "status"], asked: "[complete][--][safe-mode][]" });
  expect((await offered(answer, "quantumctl", "safe-mode", "o")).candidates).toEqual(["on", "off"]);
  expect((await offered(":4\\n", "quantumctl", "none", "x")).candidates).toEqual([]);
});

test("what stands on the command line is not evaluated", async () => {
  const { asked } = await offered(":4\\n", "quantumctl", "panic", "$(echo evaluated)", "*");
  expect(asked).toBe("[complete][--][panic][$(echo evaluated)][*]");
});
