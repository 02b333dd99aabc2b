import { expect, test } from "bun:test";
import { RedisClient } from "@redis/client";
import { redisAddress } from "../../../lib/redis/redis-address.ts";

test.each([
  ["redis://127.0.0.1:6379", { socket: { host: "127.0.0.1", port: 6379, tls: false } }],
  ["redis://redis", { socket: { host: "redis", port: 6379, tls: false } }],
  ["redis://[::1]:6380/3", { socket: { host: "::1", port: 6380, tls: false }, database: 3 }],
  [
    "rediss://ops:p%40ss@redis.example:6390",
    { socket: { host: "redis.example", port: 6390, tls: true }, username: "ops", password: "p@ss" },
  ],
  ["redis://:secret@h", { socket: { host: "h", port: 6379, tls: false }, password: "secret" }],
  ["unix:///run/redis.sock", { socket: { path: "/run/redis.sock" } }],
  [
    "unix://ops:p%3Ass@/run/redis.sock?db=2",
    { socket: { path: "/run/redis.sock" }, username: "ops", password: "p:ss", database: 2 },
  ],
])("%s is read as node-redis reads it", (url, expected) => {
  const ours = redisAddress(url);
  expect<object>(ours).toEqual({ username: "", password: "", database: 0, ...expected });
  const theirs = RedisClient.parseURL(url);
  expect({ ...theirs.socket }).toMatchObject(
    "path" in ours.socket ? { path: ours.socket.path } : { host: ours.socket.host },
  );
  expect([theirs.username ?? "", theirs.password ?? "", theirs.database ?? 0]).toEqual([
    ours.username,
    ours.password,
    ours.database,
  ]);
});

test.each([["http://127.0.0.1"], ["redis://h/x"], ["unix://socket"], ["nonsense"]])(
  "%s is refused",
  (url) => {
    expect(() => redisAddress(url)).toThrow(TypeError);
  },
);
