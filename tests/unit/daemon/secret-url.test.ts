import { describe, expect, test } from "bun:test";
import { redactUrl } from "../../../lib/daemon/secret-url.ts";
import { commonSettings } from "../../../lib/daemon/settings-common.ts";

describe("a URL that is printed", () => {
  test.each([
    ["redis://user:secret@host:6379/0", "redis://user:[redacted]@host:6379/0"],
    ["redis://:secret@host", "redis://:[redacted]@host"],
    ["redis://user:se@cret@host", "redis://user:[redacted]@host"],
    ["redis://user:se/cret@host", "redis://user:[redacted]@host"],
    ["redis://user:se?c#ret@host", "redis://user:[redacted]@host"],
    ["redis://user@host", "redis://user@host"],
    ["unix://user:secret@/run/redis.sock", "unix://user:[redacted]@/run/redis.sock"],
    ["redis://host:6379/1", "redis://host:6379/1"],
    ["unix:///run/redis.sock", "unix:///run/redis.sock"],
  ])("%s shows as %s", (url, shown) => {
    expect(redactUrl(url)).toBe(shown);
  });
});

describe("REDIS_URL", () => {
  const { REDIS_URL } = commonSettings("execution", "host");
  test.each([
    ["redis://127.0.0.1:6379"],
    ["redis://127.0.0.1:6379/"],
    ["rediss://user:p%40ss@redis.internal:6380/0"],
    ["redis://[::1]:6379/0"],
    ["unix:///run/redis/redis.sock"],
    ["unix://user:pass@/run/redis/redis.sock"],
    ["unix:///run/redis/redis.sock?db=0"],
  ])("may be %s", (url) => {
    expect(REDIS_URL.safeParse(url).success).toBe(true);
  });

  test.each([
    ["redis://127.0.0.1/first", "the path is no database's number"],
    ["redis://127.0.0.1/1", "another database, whose counters would be mixed with the first one's"],
    ["rediss://127.0.0.1/15", "another database"],
    ["unix:///run/redis/redis.sock?db=1", "another database"],
    ["redis://user:100%@127.0.0.1", "the password cannot be decoded"],
    ["redis://user:pa/ss@127.0.0.1", "the password holds a slash"],
    ["http://127.0.0.1", "another scheme"],
    ["redis://", "no host"],
  ])("%s is a fault of the configuration: %s", (url) => {
    expect(REDIS_URL.safeParse(url).success).toBe(false);
  });
});

describe("QUANTUM_NAMESPACE", () => {
  const { QUANTUM_NAMESPACE } = commonSettings("execution", "host");
  test.each([[""], ["{acct-7}"], ["prod:{acct_7}:"], ["staging:"]])("may be %p", (namespace) => {
    expect(QUANTUM_NAMESPACE.safeParse(namespace).success).toBe(true);
  });

  test.each([["{}"], ["{acct"], ["acct}"], ["{a}{b}"], ["a b"], [`{${"x".repeat(64)}}`]])(
    "%p is a fault of the configuration: it is no one slot",
    (namespace) => {
      expect(QUANTUM_NAMESPACE.safeParse(namespace).success).toBe(false);
    },
  );
});
