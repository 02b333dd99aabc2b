import { expect, test } from "bun:test";
import { createListenKey } from "../../../lib/paper/streams/listen-key.ts";
import { parseStreamAddress } from "../../../lib/paper/streams/stream-address.ts";
import { createStreamHub } from "../../../lib/paper/streams/stream-hub.ts";

test.each([
  ["/ws", false, []],
  ["/ws/btcusdt@markPrice", false, ["btcusdt@markPrice"]],
  ["/ws/a/b", false, ["a", "b"]],
  ["/stream?streams=a/b", true, ["a", "b"]],
  ["/market/ws/a", false, ["a"]],
  ["/public/stream?streams=a", true, ["a"]],
  ["/private/ws/key", false, ["key"]],
  ["/private/ws?listenKey=key", false, ["key"]],
  ["/private/stream?listenKey=key", true, ["key"]],
])("%s is understood", (path, combined, streams) => {
  expect(parseStreamAddress(new URL(`ws://localhost${path}`))).toEqual({ combined, streams });
});

test.each(["/", "/wss", "/fapi/v1/ws", "/other/ws/a"])("%s is no stream", (path) => {
  expect(parseStreamAddress(new URL(`ws://localhost${path}`))).toBeUndefined();
});

function listener() {
  const heard: unknown[] = [];
  const socket = {
    send: (text: string) => heard.push(JSON.parse(text)),
    close: () => undefined,
    terminate: () => undefined,
  };
  return { heard, socket };
}

test("a combined listener gets the stream's name, a bare one does not, and nobody gets what he did not ask for", () => {
  const hub = createStreamHub();
  const [bare, combined, other] = [listener(), listener(), listener()];
  hub.join(bare.socket, false, ["a"]);
  hub.join(combined.socket, true, ["a"]);
  hub.join(other.socket, false, ["b"]);
  hub.publish("a", () => ({ x: 1 }));
  expect([bare.heard, combined.heard, other.heard]).toEqual([
    [{ x: 1 }],
    [{ stream: "a", data: { x: 1 } }],
    [],
  ]);
});

test("SUBSCRIBE, UNSUBSCRIBE and LIST_SUBSCRIPTIONS are answered with their id", () => {
  const hub = createStreamHub();
  const one = listener();
  const subscriber = hub.join(one.socket, false, []);
  hub.receive(subscriber, '{"method":"SUBSCRIBE","params":["a","b"],"id":1}');
  hub.receive(subscriber, '{"method":"UNSUBSCRIBE","params":["a"],"id":"two"}');
  hub.receive(subscriber, '{"method":"LIST_SUBSCRIPTIONS","id":3}');
  expect(one.heard).toEqual([
    { result: null, id: 1 },
    { result: null, id: "two" },
    { result: ["b"], id: 3 },
  ]);
  expect([hub.isHeard("a"), hub.isHeard("b")]).toEqual([false, true]);
});

test.each(["not json", "[]", '{"method":"DANCE"}'])("the message %s is answered with an error", (message) => {
  const hub = createStreamHub();
  const one = listener();
  hub.receive(hub.join(one.socket, false, []), message);
  expect(one.heard).toMatchObject([{ code: 3 }]);
});

test("a muted hub makes and sends nothing, and goes on when it is unmuted", () => {
  const hub = createStreamHub();
  const one = listener();
  hub.join(one.socket, false, ["a"]);
  hub.mute(true);
  hub.publish("a", () => {
    throw new Error("made although muted");
  });
  hub.mute(false);
  hub.publish("a", () => 2);
  expect(one.heard).toEqual([2]);
});

test("who left hears nothing and leaves nothing behind", () => {
  const hub = createStreamHub();
  const one = listener();
  hub.leave(hub.join(one.socket, false, ["a"]));
  hub.publish("a", () => 1);
  expect([one.heard, hub.size(), hub.isHeard("a")]).toEqual([[], 0, false]);
});

test("the listen key is shared, prolonged, and ends an hour after the last call", () => {
  const key = createListenKey(3_600_000, () => 0.5);
  const first = key.open(0);
  expect(first).toMatch(/^[A-Za-z0-9]{64}$/);
  expect(key.open(1_800_000)).toBe(first);
  expect(key.expired(5_399_999)).toBeUndefined();
  expect(key.prolong(5_399_999)).toBe(first);
  expect(key.expired(8_999_999)).toBe(first);
  expect([key.expired(9_000_000), key.prolong(9_000_000)]).toEqual([undefined, undefined]);
});
