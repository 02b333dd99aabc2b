import { describe, expect, test } from "bun:test";
import { MUTATIONS } from "./mutations.ts";
import { CI_SEEDS } from "./runner/options.ts";
import { INVARIANTS } from "./watch/findings.ts";

const text = await Bun.file(`${import.meta.dir}/../../docs/simulation.md`).text();
const rowsOf = (heading: string): readonly (readonly string[])[] => {
  const [, table = ""] = text.split(`\n| ${heading} |`);
  const lines = table.slice(0, `${table}\n\n`.indexOf("\n\n")).trimEnd().split("\n").slice(2);
  return lines.map((line) =>
    line
      .split("|")
      .slice(1, -1)
      .map((cell) => cell.trim()),
  );
};

describe("docs/simulation.md", () => {
  test("lists every planted bug with its mistake, in the order in which they are hunted", () => {
    const listed = rowsOf("Mutation").map(([name, mistake]) => [name, mistake]);
    expect(listed).toEqual([...MUTATIONS.values()].map(({ name, mistake }) => [`\`${name}\``, mistake]));
  });

  test.each(rowsOf("Mutation"))(
    "says of %s a seed of every change and an invariant that it breaks",
    (...row) => {
      const [name = "", , found = ""] = row;
      const [, seed = "0", invariant = ""] = /^seed (\d+), invariant (\d)$/.exec(found) ?? [];
      expect(Number(seed)).toBeWithin(1, CI_SEEDS + 1);
      expect(MUTATIONS.get(name.slice(1, -1))?.breaks.map(String)).toContain(invariant);
    },
  );

  test("words the invariants as a finding does", () => {
    expect(rowsOf("#")).toEqual(Object.entries(INVARIANTS).map(([number, words]) => [number, words]));
  });
});

test.each([...MUTATIONS.values()].map(({ name, changes }) => [name, changes] as const))(
  "%s changes pieces that stand in the source exactly once",
  async (_name, changes) => {
    for (const { file, from } of changes) {
      const source = await Bun.file(`${import.meta.dir}/../../${file}`).text();
      expect([file, source.split(from).length - 1]).toEqual([file, 1]);
    }
  },
);
