import { expect, test } from "bun:test";
import { recordedStreams } from "../../../lib/auditing/settings.ts";
import { keysOf } from "../../../lib/contract/keys.ts";
import { resultStreams } from "../../../lib/daemon/settings-pipeline.ts";

/** Only what names the streams is read of the settings. */
const named = (canonical: string | undefined, legacy: string | undefined) => ({
  EXECUTION_RESULT_STREAM: canonical,
  EXECUTION_RESULT_STREAM_LEGACY: legacy,
});

test.each([
  ["", "results", "results"],
  ["{acct-7}", "results", "{acct-7}results"],
  ["{acct-7}", "{acct-7}results", "{acct-7}results"],
])(
  "in the namespace '%s' a stream named %s is %s, for all who write and read it",
  (namespace, name, stream) => {
    const keys = keysOf(namespace);
    const settings = named(name, name);
    expect(resultStreams(settings, keys)).toEqual({ canonical: stream, legacy: stream });
    expect(recordedStreams(settings, keys)).toContain(stream);
  },
);

test("without a name results go to the contract's stream, once", () => {
  const keys = keysOf("{acct-7}");
  const expected = { canonical: "{acct-7}quantum:stream:execution.result", legacy: undefined };
  expect(resultStreams(named(undefined, undefined), keys)).toEqual(expected);
});
