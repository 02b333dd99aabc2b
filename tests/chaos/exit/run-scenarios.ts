import { type Scenario, scenarioName } from "./scenario.ts";
import { timelineText } from "./timeline.ts";

/** Runs them one after the other, printing as it goes; true when everything held. */
export async function runScenarios(
  scenarios: readonly Scenario[],
  choice: { readonly only: readonly string[] | undefined; readonly long: boolean },
): Promise<boolean> {
  const { only } = choice;
  const chosen = scenarios.filter((one) =>
    only === undefined
      ? choice.long || one.long !== true
      : only.includes(scenarioName(one)) || only.includes(String(one.row)),
  );
  let failed = 0;
  for (const scenario of chosen) {
    process.stdout.write(`\n${scenarioName(scenario).padStart(3)}  ${scenario.title}\n`);
    const startedMs = performance.now();
    try {
      for (const line of timelineText(await scenario.run())) process.stdout.write(`${line}\n`);
      process.stdout.write(`  held, ${((performance.now() - startedMs) / 1000).toFixed(1)} s\n`);
    } catch (error) {
      failed += 1;
      process.stdout.write(`  BROKEN: ${error instanceof Error ? error.message : String(error)}\n`);
    }
  }
  process.stdout.write(`\n${chosen.length - failed} of ${chosen.length} held\n`);
  return failed === 0 && chosen.length > 0;
}
