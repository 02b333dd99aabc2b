import { expect, test } from "bun:test";
import { ALLOWED_MODELS, modelRegime } from "../../../lib/gates/model-regime.ts";
import { VALID_ENTRY } from "./valid-entry.ts";

const MODELS = ["NHiTS", "PatchTST", "XGBoost", "LightGBM", "nhits", ""];
const REGIMES = ["TREND", "RANGE", "HIGH_VOL", "LOW_VOL", "CALM", ""];
const ALLOWED = new Set([
  "NHiTS TREND",
  "PatchTST TREND",
  "XGBoost RANGE",
  "LightGBM RANGE",
  "XGBoost HIGH_VOL",
  "PatchTST LOW_VOL",
]);

test.each(MODELS.flatMap((model) => REGIMES.map((regime) => [model, regime] as const)))(
  'model "%s" in regime "%s" passes only if the table allows it',
  (model, regime) => {
    const expected = ALLOWED.has(`${model} ${regime}`) ? "pass" : "held";
    expect(modelRegime.decide({ ...VALID_ENTRY, model, regime }).verdict).toBe(expected);
  },
);

test("the table has the contract's six pairs and no other", () => {
  const pairs = [...ALLOWED_MODELS].flatMap(([regime, models]) =>
    models.map((model) => `${model} ${regime}`),
  );
  expect(new Set(pairs)).toEqual(ALLOWED);
});

test("a hold names what would be allowed", () => {
  expect(modelRegime.decide({ ...VALID_ENTRY, model: "XGBoost" })).toEqual({
    verdict: "held",
    reason: "MODEL_REGIME_MISMATCH",
    detail: { model: "XGBoost", regime: "TREND", allowed: "NHiTS,PatchTST" },
  });
});
