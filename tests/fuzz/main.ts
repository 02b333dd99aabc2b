/**
 * `bun run fuzz [--runs N] [--seed S] [--reply-ms N]`: the long run of every fuzz target, on the binaries in dist/. A
 * reply or a decoding that takes longer than `--reply-ms` (50) in every one of five tries fails its target.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { wholeOption } from "../../scripts/whole-option.ts";

const { values } = parseArgs({
  args: Bun.argv.slice(2),
  options: {
    runs: { type: "string", default: "5000" },
    seed: { type: "string", default: String(Date.now() % 1_000_000_000) },
    "reply-ms": { type: "string", default: "50" },
  },
});
const runs = wholeOption("runs", values.runs);
const seed = wholeOption("seed", values.seed, { min: 0 });
const replyMs = wholeOption("reply-ms", values["reply-ms"]);
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
