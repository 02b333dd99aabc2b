import { EXIT_CODES, type ExitCode } from "../contract/exit-codes.ts";
import { verifyFiles } from "./verify-files.ts";

/** `--verify FILE…`: walks the files, oldest first, as one chain and says what does not fit. */
export function verifyCommand(files: readonly string[], print: (line: string) => void): ExitCode {
  if (files.length === 0) {
    print("quantum-audit-logger --verify FILE…: name the files, oldest first");
    return EXIT_CODES.usage;
  }
  try {
    const { lines, firstSeq, head, problems } = verifyFiles(files);
    for (const one of problems) print(`${one.file}:${one.line}: line ${one.problem}`);
    const range = head === undefined ? "" : `, numbers ${firstSeq} to ${head.seq}, last hash ${head.hash}`;
    print(`${problems.length === 0 ? "intact" : "NOT INTACT"}: ${lines} lines${range}`);
    return problems.length === 0 ? EXIT_CODES.clean : EXIT_CODES.crash;
  } catch (error) {
    print(error instanceof Error ? error.message : String(error));
    return EXIT_CODES.crash;
  }
}
