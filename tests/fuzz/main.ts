/**
 * `bun run fuzz`: the long run of every fuzz target, on the binaries in dist/. A reply or a decoding that takes longer
 * than `--reply-ms` in every one of five tries fails its target.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commandLine } from "../../scripts/command-line.ts";
import { wholeOption } from "../../scripts/whole-option.ts";

const USAGE = `usage: bun run fuzz [--runs N] [--seed N] [--reply-ms N]

Every decoder and every admin endpoint, with structured and raw bytes.

  --runs N      for each target; default 5000
  --seed N      default: by the clock, printed
  --reply-ms N  how long a reply or a decoding may take; default 50`;

const { runs, seed, replyMs } = commandLine(USAGE, (args) => {
  const { values } = parseArgs({
    args,
    options: {
      runs: { type: "string", default: "5000" },
      seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
      "reply-ms": { type: "string", default: "50" },
    },
  });
  return {
    runs: wholeOption("runs", values.runs),
    seed: wholeOption("seed", values.seed, { min: 0 }),
    replyMs: wholeOption("reply-ms", values["reply-ms"]),
  };
});
process.stdout.write(`fuzz: seed ${seed}, ${runs} runs a target, replies within ${replyMs} ms\n`);
/** A target that is not through by then says so; ms. */
const TARGET_MS = 20 * 60_000;
const child = Bun.spawn(["bun", "test", "--timeout", String(2 * TARGET_MS), "tests/fuzz"], {
  cwd: join(import.meta.dir, "..", ".."),
  env: {
    ...Bun.env,
    FUZZ_RUNS: String(runs),
    FUZZ_SEED: String(seed),
    FUZZ_REPLY_MS_MAX: String(replyMs),
    FUZZ_TARGET_MS_MAX: String(TARGET_MS),
  },
  stdin: "ignore",
  stdout: "inherit",
  stderr: "inherit",
});
process.exitCode = await child.exited;
