import { afterAll, beforeAll, expect, test } from "bun:test";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";
import { type ChildProcess, startProcess } from "../../../scripts/stack/child-process.ts";
import { freePort } from "../../../scripts/stack/trading-stack.ts";
import { type Certificates, makeCertificates } from "../../support/certificates.ts";
import { type RedisBench, startRedisBench } from "../../support/pipeline.ts";
import { waitUntil } from "../../support/wait-until.ts";

let folder: string;
let server: ChildProcess;
let certificates: Certificates;
let bench: RedisBench;
const port = freePort();

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "encrypted-"));
  certificates = await makeCertificates(folder, ["localhost"]);
  const files = ["--tls-cert-file", certificates.certificate, "--tls-key-file", certificates.key];
  const trust = ["--tls-ca-cert-file", certificates.authority, "--tls-auth-clients", "no"];
  server = startProcess({
    name: "redis-server",
    command: ["redis-server", "--port", "0", "--tls-port", String(port), "--save", "", ...files, ...trust],
    env: {},
    logFile: join(folder, "redis.log"),
  });
  bench = await startRedisBench();
});
afterAll(async () => {
  await bench[Symbol.asyncDispose]();
  await server.stop();
  rmSync(folder, { recursive: true, force: true });
});

const readySchema = z.looseObject({
  dependencies: z.array(z.looseObject({ name: z.string(), detail: z.string() })),
});

async function redisDetail(url: string): Promise<string> {
  const { dependencies } = readySchema.parse(await (await fetch(`${url}/readyz`)).json());
  return dependencies.find(({ name }) => name === "redis")?.detail ?? "";
}

test("a compiled role works over TLS with the authority it is told to trust", async () => {
  const trusting = { NODE_EXTRA_CA_CERTS: certificates.authority };
  const router = bench.start("ai-strategy-router", { REDIS_URL: `rediss://localhost:${port}`, ...trusting });
  expect((await fetch(`${(await router.ready()).url}/readyz`)).status).toBe(200);
});

test.each([
  ["an authority that nobody vouched for", "localhost", {}, "self signed certificate"],
  ["a name that is not in the certificate", "127.0.0.1", "trusting", "altnames"],
])("%s is refused, and /readyz says why", async (_what, host, trust, said) => {
  const env = trust === "trusting" ? { NODE_EXTRA_CA_CERTS: certificates.authority } : {};
  const router = bench.start("ai-strategy-router", { REDIS_URL: `rediss://${host}:${port}`, ...env });
  await waitUntil("it says why", async () => (await redisDetail(router.url)).includes(said));
  expect((await fetch(`${router.url}/readyz`)).status).toBe(503);
});
