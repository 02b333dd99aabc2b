import { expect, test } from "bun:test";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createClient } from "@redis/client";
import { startProcess } from "../../../scripts/stack/child-process.ts";
import { waitUntil } from "../../support/wait-until.ts";

const SHIPPED = join(import.meta.dir, "../../../systemd/redis/quantum.conf");

test("a snapshot that fails refuses no write: neither an exit nor the kill switch", async () => {
  const folder = mkdtempSync(join(tmpdir(), "redis-snapshot-"));
  const socket = join(folder, "redis.sock");
  writeFileSync(join(folder, "users.acl"), "user default on nopass ~* &* +@all\n");
  // The snapshot's file cannot be put into the place of a folder.
  mkdirSync(join(folder, "dump.rdb", "taken"), { recursive: true });
  const overridden = ["--port", "0", "--unixsocket", socket, "--aclfile", join(folder, "users.acl")];
  const server = startProcess({
    name: "redis-server",
    command: ["redis-server", SHIPPED, ...overridden, "--dir", folder],
    env: {},
    logFile: join(folder, "redis.log"),
  });
  const client = createClient({ RESP: 2, socket: { path: socket, reconnectStrategy: 20 } });
  client.on("error", () => {});
  try {
    await client.connect();
    await client.sendCommand(["BGSAVE"]);
    await waitUntil("the snapshot has failed", async () =>
      /rdb_last_bgsave_status:err/.test(String(await client.sendCommand(["INFO", "persistence"]))),
    );
    expect(String(await client.sendCommand(["SET", "quantum:kill", "1"]))).toBe("OK");
    expect(String(await client.sendCommand(["XADD", "quantum:stream:exit.intent", "1-1", "a", "b"]))).toBe(
      "1-1",
    );
  } finally {
    client.destroy();
    await server.stop();
    rmSync(folder, { recursive: true, force: true });
  }
}, 30_000);
