import { decodeResult, type ExecutionResult } from "../../lib/contract/execution-result.ts";
import { deadLetterStreamOf, type Keys } from "../../lib/contract/keys.ts";
import { decodeIntent } from "../../lib/contract/trade-intent.ts";
import type { PublishedIntent } from "../stack/reconcile.ts";
import type { RedisEye } from "../stack/redis-process.ts";

type Fields = Readonly<Record<string, string>>;

/** What passed through the streams, kept outside of them: retention takes it from there during a run. */
export interface RecordKeeper {
  readonly intents: readonly PublishedIntent[];
  readonly results: readonly ExecutionResult[];
  readonly panicIds: readonly string[];
  /** Decisions that were put aside, by their raw text. */
  readonly deadLetters: readonly Fields[];
  /** Reads what is new in every stream. Throws when an entry of ours does not decode. */
  collect(): Promise<void>;
}

const PAGE = 1000;

/** Begins after the newest entry that each stream holds now. */
export async function startKeeping(eye: RedisEye, keys: Keys): Promise<RecordKeeper> {
  const intents: PublishedIntent[] = [];
  const results: ExecutionResult[] = [];
  const panicIds: string[] = [];
  const deadLetters: Fields[] = [];
  const intentOf = (stream: string, fields: Fields) => {
    const decoded = decodeIntent(fields);
    if (decoded.kind === "undecodable") throw new Error(`${stream}: ${decoded.reason}`);
    return decoded.intent;
  };
  const readers: readonly (readonly [string, (fields: Fields) => void])[] = [
    [
      keys.intentStream,
      (fields) =>
        void intents.push({ intentId: intentOf(keys.intentStream, fields).intent_id, kind: "entry" }),
    ],
    [
      keys.exitIntentStream,
      (fields) => {
        const { intent_id: intentId, source } = intentOf(keys.exitIntentStream, fields);
        intents.push({ intentId, kind: source === "execution" ? "follow_up" : "exit" });
      },
    ],
    [keys.resultStream, (fields) => void results.push(decodeResult(fields))],
    [keys.panicStream, (fields) => void panicIds.push(fields["event_id"] ?? "")],
    [deadLetterStreamOf(keys.decisionStream), (fields) => void deadLetters.push(fields)],
  ];
  const lastIds = new Map<string, string>();
  for (const [stream] of readers) lastIds.set(stream, await newestId(eye, stream));
  const collect = async () => {
    for (const [stream, keep] of readers) {
      for (let more = true; more; ) {
        const page = await readAfter(eye, stream, lastIds.get(stream) ?? "0-0");
        for (const { id, fields } of page) {
          keep(fields);
          lastIds.set(stream, id);
        }
        more = page.length === PAGE;
      }
    }
  };
  return { intents, results, panicIds, deadLetters, collect };
}

async function newestId(eye: RedisEye, stream: string): Promise<string> {
  const reply = await eye.command("XREVRANGE", stream, "+", "-", "COUNT", "1");
  return entriesOf(reply).at(-1)?.id ?? "0-0";
}

async function readAfter(eye: RedisEye, stream: string, id: string) {
  return entriesOf(await eye.command("XRANGE", stream, `(${id}`, "+", "COUNT", String(PAGE)));
}

function entriesOf(reply: unknown): { readonly id: string; readonly fields: Fields }[] {
  return (Array.isArray(reply) ? reply : []).map((entry) => {
    const [id, flat] = Array.isArray(entry) ? entry : [];
    const list: string[] = Array.isArray(flat) ? flat.map(String) : [];
    const pairs = list.flatMap((name, at) => (at % 2 === 0 ? [[name, list[at + 1] ?? ""]] : []));
    return { id: String(id), fields: Object.fromEntries(pairs) };
  });
}
