import fc from "fast-check";

/** Texts that parsers have stumbled over. */
const NASTY = [
  ...["", " ", "0", "-0", "1e999", "1e-999", "-1", "NaN", "Infinity", "-Infinity", "1_000", "0x10", "1,5"],
  ...[
    "9007199254740993",
    "9999999999999999",
    "8640000000000001",
    "253402300800000",
    "1e15",
    "1e14",
    ".5",
    "5.",
  ],
  ...[
    "null",
    "none",
    "undefined",
    "true",
    "[]",
    "{}",
    "__proto__",
    "constructor",
    "toString",
    "hasOwnProperty",
  ],
  ...["\u0000", "\ud800", "\u202e", "ﬁ", "İ", "\r\n", "a\nb", "%00", "%zz", "../../etc/passwd", "'\"`$(x)"],
  ...["BUY", "SELL", "CLOSE", "HOLD", "buy ", "LONG", "BOTH", "filled", "flat", "ALIVE", "OK", "STOPPING"],
  ...["2026-01-01T00:00:00Z", "2026-13-45T99:99:99Z", "+275760-09-13T00:00:00.001Z", "0000-00-00T00:00"],
  ...[
    "9".repeat(400),
    `0.${"0".repeat(400)}1`,
    "1".repeat(20_000),
    `1e${"9".repeat(50)}`,
    "x".repeat(20_000),
  ],
] as const;
const NASTY_NUMBERS = [
  0,
  -0,
  1,
  -1,
  0.1,
  1e-7,
  1e15,
  1e21,
  8.64e15,
  8.64e15 + 2,
  2 ** 53,
  -(2 ** 53),
  1e308,
  126,
];

/** A text: nasty, numeric, or any. */
export const hostileText: fc.Arbitrary<string> = fc.oneof(
  fc.constantFrom(...NASTY),
  fc.double().map(String),
  fc.integer().map(String),
  fc.string({ unit: "binary", maxLength: 40 }),
);

/** A JSON value that is likely to be none of what is expected. */
export const hostileJson: fc.Arbitrary<unknown> = fc.oneof(
  { weight: 3, arbitrary: hostileText },
  { weight: 2, arbitrary: fc.constantFrom<unknown>(...NASTY_NUMBERS) },
  { weight: 1, arbitrary: fc.double({ noNaN: true, noDefaultInfinity: true }) },
  { weight: 1, arbitrary: fc.constantFrom<unknown>(null, true, false, [], {}) },
  { weight: 1, arbitrary: fc.jsonValue({ maxDepth: 3 }) },
);

/** Something valid with a few fields replaced, removed or added: gets behind the first check of a parser. */
export function mutated<Value>(
  valid: Readonly<Record<string, Value>>,
  hostile: fc.Arbitrary<Value>,
): fc.Arbitrary<Record<string, Value>> {
  const names = fc.constantFrom(...Object.keys(valid));
  const other = fc.oneof(fc.constantFrom("__proto__", "constructor", "toJSON", ""), hostileText);
  return fc
    .record({
      replaced: fc.array(fc.tuple(names, hostile), { maxLength: 3 }),
      removed: fc.array(names, { maxLength: 2 }),
      added: fc.array(fc.tuple(other, hostile), { maxLength: 2 }),
    })
    .map(({ replaced, removed, added }) => {
      const gone = new Set(removed);
      const kept = Object.entries(valid).filter(([name]) => !gone.has(name));
      return Object.fromEntries([...kept, ...replaced, ...added]);
    });
}

/** A text of a format with some of its characters changed, cut or doubled. */
export function garbled(valid: fc.Arbitrary<string>): fc.Arbitrary<string> {
  const edit = fc.record({
    at: fc.nat(),
    cut: fc.nat({ max: 8 }),
    put: fc.oneof(fc.constant(""), hostileText),
  });
  return fc.tuple(valid, fc.array(edit, { maxLength: 3 })).map(([text, edits]) =>
    edits.reduce((now, { at, cut, put }) => {
      const from = at % (now.length + 1);
      return now.slice(0, from) + put + now.slice(from + cut);
    }, text),
  );
}

/** JSON texts: of the mutated object, garbled, or any bytes. */
export function jsonTexts(valid: Readonly<Record<string, unknown>>): fc.Arbitrary<string> {
  const documents = mutated(valid, hostileJson).map((one) => JSON.stringify(one));
  return fc.oneof(
    { weight: 6, arbitrary: documents },
    { weight: 2, arbitrary: garbled(documents) },
    { weight: 1, arbitrary: hostileJson.map((one) => JSON.stringify(one) ?? "") },
    { weight: 1, arbitrary: fc.string({ unit: "binary", maxLength: 200 }) },
  );
}
