import { describe, expect, test } from "bun:test";
import { decideEntry, type LedgerWord } from "../../../lib/recovery/decide-entry.ts";
import { validIntent } from "../../support/valid-trade.ts";

const intent = (change: Record<string, unknown> = {}) => ({ data: JSON.stringify(validIntent(change)) });
const word = (change: Partial<LedgerWord> = {}): LedgerWord => ({
  ...{ state: "RECEIVED", failures: 5, owner: "a:boot" },
  ...change,
});

type Input = Parameters<typeof decideEntry>[0];
const decide = (change: Partial<Input> = {}) =>
  decideEntry({
    ...{ idleMs: 60_000, idleMsMin: 60_000, deadLetters: true, failuresMax: 5 },
    ...{ fields: intent(), ledger: word(), ...change },
  });

describe("an entry that is pending with a consumer that is not alive", () => {
  test.each<[string, Partial<Input>, ReturnType<typeof decide>["kind"]]>([
    ["touched lately is left, whatever it holds", { idleMs: 59_999, fields: { data: "{" } }, "fresh"],
    ["that is gone from the stream is lost", { fields: undefined, ledger: undefined }, "lost"],
    ["that does not parse is put aside", { fields: { data: "{" }, ledger: undefined }, "unreadable"],
    ["that failed as often as allowed is put aside", {}, "failed"],
    ["that failed once less is claimed", { ledger: word({ failures: 4 }) }, "claim"],
    ["that the ledger does not know is claimed", { ledger: undefined }, "claim"],
    ["that is being submitted is claimed", { ledger: word({ state: "SUBMITTING" }) }, "claim"],
    ["whose fate is unknown is claimed", { ledger: word({ state: "UNKNOWN" }) }, "claim"],
    ["that has ended is claimed, to be acknowledged", { ledger: word({ state: "FILLED" }) }, "claim"],
    ["that is an exit is claimed", { fields: intent({ reduce_only: true }) }, "claim"],
    ["that closes is claimed", { fields: intent({ action: "CLOSE" }) }, "claim"],
    ["of a stream without dead letters is claimed", { fields: { data: "{" }, deadLetters: false }, "claim"],
  ])("%s", (_what, change, kind) => {
    expect(decide(change).kind).toBe(kind);
  });
});

test("what is put aside for its failures is so in its last owner's name", () => {
  expect(decide()).toMatchObject({ kind: "failed", owner: "a:boot", intent: { symbol: "ETHUSDT" } });
});
