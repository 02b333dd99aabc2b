import { afterAll, beforeAll, expect, test } from "bun:test";
import { encodeHeartbeat, type Heartbeat } from "../../../lib/contract/heartbeat.ts";
import { systemClock } from "../../../lib/daemon/clock.ts";
import { readHeartbeats } from "../../../lib/emergency/watchdog/heartbeat-reader.ts";
import { encodeFields } from "../../../lib/redis/stream-entry.ts";
import { keptLog } from "../../support/quiet-log.ts";
import { type RedisServer, startRedisServer } from "../../support/redis-server.ts";
import { waitUntil } from "../../support/wait-until.ts";

let server: RedisServer;
beforeAll(async () => {
  server = await startRedisServer({ aof: true });
});
afterAll(() => server[Symbol.asyncDispose]());

function fieldsOf(seq: number): readonly string[] {
  const beat: Heartbeat = {
    ...{ service_id: "exit_brain", status: "ALIVE", active_positions: 1, last_decision_ts: 1, latency_ms: 1 },
    ...{ loop_cycle_ms: 1, ts: 1, instance_id: "a", seq },
  };
  return encodeFields(encodeHeartbeat(beat));
}

const add = (stream: string, seq: number, id = "*") => server.cli("XADD", stream, id, ...fieldsOf(seq));

function reading(stream: string) {
  const stop = new AbortController();
  const seen = { found: undefined as Heartbeat | undefined, founds: 0, seqs: [] as number[], pages: 0 };
  const malformed: string[] = [];
  const running = readHeartbeats(
    {
      ...{ url: server.url, name: "reader", stream, clock: systemClock, random: Math.random, log: keptLog() },
      onFound: (beat) => {
        seen.founds += 1;
        seen.found = beat;
      },
      onPage: (beats) => {
        seen.pages += 1;
        seen.seqs.push(...beats.map(({ seq }) => seq));
      },
      onMalformed: (id) => malformed.push(id),
    },
    stop.signal,
  );
  return {
    ...{ seen, malformed, stream },
    started: () => waitUntil("it reads", () => seen.pages > 0),
    saw: (seq: number) => waitUntil(`it saw beat ${seq}`, () => seen.seqs.includes(seq)),
    async [Symbol.asyncDispose]() {
      stop.abort();
      await running;
    },
  };
}

test("what lay in the stream is found, not read; what comes after is read in order and once", async () => {
  await add("old", 1);
  await add("old", 2);
  await using reader = reading("old");
  await reader.started();
  expect(reader.seen.found?.seq).toBe(2);
  for (const seq of [3, 4, 5]) await add("old", seq);
  await reader.saw(5);
  expect(reader.seen.seqs).toEqual([3, 4, 5]);
  expect(reader.seen.founds).toBe(1);
});

test("an empty stream answers, too, and an entry that is no heartbeat holds nothing up", async () => {
  await using reader = reading("empty");
  await reader.started();
  expect(reader.seen.found).toBeUndefined();
  await server.cli("XADD", "empty", "*", "status", "SPLENDID");
  await add("empty", 1);
  await reader.saw(1);
  expect(reader.malformed).toHaveLength(1);
});

test("after a killed Redis it goes on where it was", async () => {
  await using reader = reading("killed");
  await reader.started();
  await add("killed", 1);
  await reader.saw(1);
  await server.restart();
  await add("killed", 2);
  await reader.saw(2);
  expect(reader.seen.seqs).toEqual([1, 2]);
  expect(reader.seen.founds).toBe(1);
});

test("a stream that begins anew with lower ids is followed", async () => {
  await add("anew", 1, "9000000000000-0");
  await using reader = reading("anew");
  await reader.started();
  await server.cli("DEL", "anew");
  await add("anew", 2, "5-0");
  const beats = setInterval(() => void add("anew", 3), 200);
  await reader.saw(3).finally(() => clearInterval(beats));
});

test("a key of the wrong type is silence, and reading starts when it is put right", async () => {
  await server.cli("SET", "wrong", "x");
  await using reader = reading("wrong");
  await systemClock.sleep(300);
  expect(reader.seen.pages).toBe(0);
  await server.cli("DEL", "wrong");
  await reader.started();
});
