import { afterEach, expect, test } from "bun:test";
import { receiveWindowsOf } from "../../../lib/operator/doctor/receive-windows.ts";

const servers: Bun.Server<undefined>[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) await server.stop(true);
});

/** A role that answers with this configuration; `bootId` is that of the process at its port. */
function role(name: string, config: object, bootId = "boot-1") {
  const server = Bun.serve({
    ...{ hostname: "127.0.0.1", port: 0 },
    fetch: ({ url }) => Response.json(url.endsWith("/version") ? { bootId } : config),
  });
  servers.push(server);
  return { role: { role: name, boot_id: "boot-1" }, url: `http://127.0.0.1:${server.port}` };
}
const windowOf = (ms: number) => ({ RECV_WINDOW_MS: ms, REDIS_URL: "[redacted]" });

test("roles with one receive window are fine; those that have none do not count", async () => {
  const roles = [
    role("execution", windowOf(2000)),
    role("emergency-exit-worker", windowOf(2000)),
    role("audit-logger", {}),
  ];
  expect(await receiveWindowsOf(roles)).toMatchObject([{ verdict: "ok", what: "2000 ms, 2 roles" }]);
});

test("a receive window that differs is a warning that names every role's, and says what to do", async () => {
  const roles = [
    role("execution", windowOf(4500)),
    role("exit-brain", windowOf(2000)),
    role("emergency-exit-worker", windowOf(2000)),
  ];
  expect(await receiveWindowsOf(roles)).toMatchObject([
    {
      ...{ verdict: "warning", check: "receive window" },
      what: "RECV_WINDOW_MS differs: execution 4500, exit-brain 2000, emergency-exit-worker 2000",
      hint: expect.stringContaining("/etc/quantum/quantum.env"),
    },
  ]);
});

test("nothing is said of what does not answer, or answers for another process", async () => {
  const gone = { role: { role: "exit-brain", boot_id: "boot-1" }, url: "http://127.0.0.1:1" };
  expect(await receiveWindowsOf([gone, role("execution", windowOf(9), "boot-2")])).toEqual([]);
});
