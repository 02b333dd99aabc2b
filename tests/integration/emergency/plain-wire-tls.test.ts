import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { type ChildProcess, startProcess } from "../../../scripts/stack/child-process.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";
import { waitUntil } from "../../support/wait-until.ts";

let folder: string;
let server: ChildProcess;
let certificates: Certificates;
const port = freePort();
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "plain-wire-tls-"));
  certificates = await makeCertificates(folder, ["localhost"]);
  const files = ["--tls-cert-file", certificates.certificate, "--tls-key-file", certificates.key];
  const trust = ["--tls-ca-cert-file", certificates.authority, "--tls-auth-clients", "no"];
  const own = ["--port", "0", "--tls-port", String(port), "--save", "", "--requirepass", "s3cret"];
  server = startProcess({
    name: "redis-server",
    command: ["redis-server", ...own, ...files, ...trust],
    env: {},
    logFile: join(folder, "redis.log"),
  });
});
afterAll(async () => {
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const WIRE = join(import.meta.dir, "..", "..", "..", "lib", "redis", "plain-wire.ts");

/** What a process that trusts these authorities gets for a PING: whom to trust is read at its start. */
async function ping(host: string, env: Readonly<Record<string, string>>): Promise<string> {
  const url = `rediss://:s3cret@${host}:${port}`;
  const script = `
    const { openPlainWire } = await import(${JSON.stringify(WIRE)});
    const options = { url: ${JSON.stringify(url)}, name: "t", connectDeadlineMs: 10000, socketTimeoutMs: 20000 };
    try {
      const wire = await openPlainWire(options);
      console.log(await wire.send(["PING"], 10000));
      wire.destroy();
    } catch (error) {
      console.log(error.code + ": " + error.message);
    }`;
  const child = Bun.spawn(["bun", "-e", script], {
    env: { ...env, PATH: Bun.env["PATH"] ?? "" },
    stdout: "pipe",
  });
  return (await child.stdout.text()).trim();
}

test("over TLS it answers whoever trusts its authority, and nobody else is told the password", async () => {
  const trusting = { NODE_EXTRA_CA_CERTS: certificates.authority };
  await waitUntil("it answers", async () => (await ping("localhost", trusting)) === "PONG");
  expect(await ping("localhost", {})).toMatch(/^REDIS_UNAVAILABLE: .*certificate/i);
  expect(await ping("127.0.0.1", trusting)).toMatch(/^REDIS_UNAVAILABLE: .*altnames/i);
}, 120_000);
