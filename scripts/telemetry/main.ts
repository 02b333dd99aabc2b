/**
 * What Prometheus, Grafana and the documents show, from what is written once:
 *
 *   bun scripts/telemetry/main.ts dashboards           write the generated JSON
 *   bun scripts/telemetry/main.ts dashboards --check   fail when it is out of date
 *   bun scripts/telemetry/main.ts prometheus DIR [N]   prometheus.yml and rules into DIR; with N every interval
 *                                                      and hold divided by it, for a rehearsal
 *   bun scripts/telemetry/main.ts screenshots [--binaries DIR]   docs/images/status-*.png, of a real stack in Chromium
 *   bun scripts/telemetry/main.ts rehearsal [N] [--binaries DIR]  the demonstration with a real Prometheus: the breaker
 *                                                      trips, its alert goes pending, fires, resolves; N as above
 *
 * Binaries are built into dist/ unless a folder that has them is given.
 */
import { join } from "node:path";
import { parseArgs } from "node:util";
import { commandLine } from "../command-line.ts";
import { wholeOption } from "../whole-option.ts";
import { writeDashboards } from "./dashboard-json.ts";
import { writePrometheusFiles } from "./prometheus-files.ts";
import { rehearseAlert } from "./rehearsal.ts";
import { takeScreenshots } from "./screenshots.ts";

const ROOT = join(import.meta.dir, "..", "..");
const ROLES = [
  ...["paper-exchange", "ai-strategy-router", "execution"],
  ...["exit-brain", "exit-brain-watchdog", "emergency-exit-worker", "safety-telemetry"],
];

const say = (line: string) => void process.stdout.write(`${line}\n`);

const USAGE =
  "usage: main.ts dashboards [--check] | prometheus DIR [N] | rehearsal [N] [--binaries DIR] | screenshots [--binaries DIR]";

/** What each command takes after its name: so many words, and this option. */
const TAKES = {
  dashboards: { words: [0, 0], option: "check" },
  prometheus: { words: [1, 2], option: undefined },
  screenshots: { words: [0, 0], option: "binaries" },
  rehearsal: { words: [0, 1], option: "binaries" },
} as const;
type Command = keyof typeof TAKES;

interface Wanted {
  readonly command: Command;
  readonly folder: string;
  readonly divisor: number;
  readonly check: boolean;
  /** Folder that has them; undefined: they are built. */
  readonly binaries: string | undefined;
}

const isCommand = (word: string | undefined): word is Command => Object.keys(TAKES).includes(word ?? "");

/** Throws in words: what is not understood would be left out, and minutes be spent on something else. */
function wantedOf(args: string[]): Wanted {
  const options = { check: { type: "boolean" }, binaries: { type: "string" } } as const;
  const { values, positionals } = parseArgs({ args, options, allowPositionals: true });
  const [command, ...words] = positionals;
  if (!isCommand(command)) throw new RangeError(`there is no command ${command ?? "given"}`);
  const { words: count, option } = TAKES[command];
  const foreign = Object.keys(values).find((name) => name !== option);
  if (foreign !== undefined) throw new RangeError(`${command} does not take --${foreign}`);
  if (words.length < count[0] || words.length > count[1])
    throw new RangeError(`${command} ${words.join(" ")}`);
  const divisor = command === "prometheus" ? words[1] : words[0];
  return {
    ...{ command, folder: words[0] ?? "", check: values.check ?? false, binaries: values.binaries },
    divisor: wholeOption("N", divisor ?? "1", { max: command === "rehearsal" ? 99 : 999_999_999 }),
  };
}

async function binariesFrom(given: string | undefined): Promise<string> {
  if (given !== undefined) return given;
  const child = Bun.spawn(["bun", "scripts/build.ts", ...ROLES], {
    cwd: ROOT,
    stdout: "inherit",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("the build failed");
  return join(ROOT, "dist");
}

async function main({ command, folder, divisor, check, binaries }: Wanted): Promise<number> {
  switch (command) {
    case "dashboards": {
      const stale = writeDashboards(check);
      if (stale.length === 0) return 0;
      process.stderr.write(`out of date, or not generated: ${stale.join(", ")}\n`);
      return 1;
    }
    case "screenshots":
      await takeScreenshots({
        folder: join(ROOT, "docs/images"),
        binaries: await binariesFrom(binaries),
        say,
      });
      return 0;
    case "rehearsal":
      await rehearseAlert({ hurry: divisor, binaries, say });
      return 0;
    case "prometheus":
      writePrometheusFiles(folder, { divisor });
      return 0;
  }
}

process.exitCode = await main(commandLine(USAGE, wantedOf));
