import { parseArgs } from "node:util";
import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import type { LineHead } from "./audit-line.ts";
import { verifyFiles } from "./verify-files.ts";

/** As `--help` shows it. */
export const VERIFY_USAGE =
  "quantum-audit-logger --verify FILE… [--head SEQ:HASH]: name the files, oldest first";
const HEAD = /^(\d{1,15}):([0-9a-f]{64})$/;

/**
 * `--verify FILE… [--head SEQ:HASH]`: walks the files, oldest first, as one chain and says what does not fit. The head
 * is what Redis remembers (`head_seq` and `head_hash` of the role's statistics): without it a cut at the very end
 * cannot be seen. Files that do not begin with number 1 are said to.
 */
export function verifyCommand(args: readonly string[], print: (line: string) => void): ExitCode {
  const asked = readArguments(args);
  if (asked === undefined) {
    print(VERIFY_USAGE);
    return EXIT_CODES.usage;
  }
  try {
    const { lines, firstSeq, head, problems } = verifyFiles(asked.files, asked.head);
    for (const one of problems) print(`${one.file}:${one.line}: line ${one.problem}`);
    if (firstSeq !== undefined && firstSeq > 1)
      print(`begins at number ${firstSeq}: whether the lines before it are whole, only their files can say`);
    const range = head === undefined ? "" : `, numbers ${firstSeq} to ${head.seq}, last hash ${head.hash}`;
    print(`${problems.length === 0 ? "intact" : "NOT INTACT"}: ${lines} lines${range}`);
    return problems.length === 0 ? EXIT_CODES.clean : EXIT_CODES.crash;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    return EXIT_CODES.crash;
  }
}

/** Undefined for what is not a request to verify something. */
function readArguments(
  args: readonly string[],
): { readonly files: readonly string[]; readonly head: LineHead | undefined } | undefined {
  try {
    const options = { head: { type: "string" } } as const;
    const { values, positionals } = parseArgs({ args: [...args], options, allowPositionals: true });
    if (positionals.length === 0) return undefined;
    if (values.head === undefined) return { files: positionals, head: undefined };
    const [, seq, hash] = HEAD.exec(values.head) ?? [];
    if (seq === undefined || hash === undefined) return undefined;
    return { files: positionals, head: { seq: Number(seq), hash } };
  } catch {
    return undefined;
  }
}
