import { writeSync } from "node:fs";
import { MUTATIONS } from "./mutations.ts";
import { huntMutations } from "./runner/hunt-mutations.ts";
import { readOptions, type SimulationOptions, USAGE } from "./runner/options.ts";
import { findingText } from "./runner/report.ts";
import { runSeeds } from "./runner/run-seeds.ts";
import { runWorker } from "./runner/run-worker.ts";

/** A night's run says so often how far it is (seeds). */
const PROGRESS_EVERY = 500;

const say = (text: string) => void writeSync(1, `${text}\n`);

function commandLine(): SimulationOptions {
  try {
    const options = readOptions(process.argv.slice(2));
    if (options.mutation === undefined || MUTATIONS.has(options.mutation)) return options;
    throw new Error(`no mutation ${options.mutation}; there are ${[...MUTATIONS.keys()].join(", ")}`);
  } catch (error) {
    writeSync(2, `${error instanceof Error ? error.message : String(error)}\n\n${USAGE}`);
    return process.exit(2);
  }
}

async function main(): Promise<number> {
  const options = commandLine();
  if (options.worker) {
    await runWorker(options);
    return 0;
  }
  if (options.mutations) {
    const hunted = await huntMutations([...MUTATIONS.values()], options, ({ line }) => say(line));
    return hunted.every(({ found }) => found) ? 0 : 1;
  }
  const began = performance.now();
  let done = 0;
  const results = await runSeeds(options, (result) => {
    done += 1;
    if (done % PROGRESS_EVERY === 0 && done < options.seeds) say(`${done} of ${options.seeds} seeds`);
    if (result.finding !== undefined) say(findingText(options, result));
    else if (options.trace) say(result.lines.join("\n"));
    if (options.seeds === 1) say(`trace ${result.hash}`);
  });
  const sum = (of: "steps" | "virtualMs" | "executedOrders" | "intents" | "panics" | "exitsJudged") =>
    Math.round(results.reduce((total, result) => total + result[of], 0));
  const found = results.filter(({ finding }) => finding !== undefined).map(({ seed }) => seed);
  say(
    `${results.length} seeds, ${sum("steps")} steps, ${Math.round(sum("virtualMs") / 1000)} virtual s, ` +
      `${sum("intents")} intents, ${sum("executedOrders")} orders, ${sum("exitsJudged")} exits timed, ${sum("panics")} panics in ${((performance.now() - began) / 1000).toFixed(1)} s: ` +
      (found.length === 0 ? "nothing found" : `${found.length} found: seeds ${found.join(" ")}`),
  );
  return found.length === 0 ? 0 : 1;
}

void main().then((code) => process.exit(code));
