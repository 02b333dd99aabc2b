import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitFor } from "../stack/wait-for.ts";

/** Debian's prometheus or prometheus-alertmanager on loopback; `await using` ends it. */
export interface MonitoringServer extends AsyncDisposable {
  readonly url: string;
  /** Host and port. */
  readonly address: string;
  /** What it logged so far. */
  log(): string;
}

/** Loads `config`; relative paths in it count from its folder. `port` 0 stands for whichever is free. */
export function startPrometheus(config: string, port = 0): Promise<MonitoringServer> {
  return start((data) => [
    "prometheus",
    `--config.file=${config}`,
    `--storage.tsdb.path=${data}`,
    `--web.listen-address=127.0.0.1:${port}`,
  ]);
}

/** The same for Alertmanager; without a cluster port. */
export function startAlertmanager(config: string): Promise<MonitoringServer> {
  return start((data) => [
    "prometheus-alertmanager",
    `--config.file=${config}`,
    `--storage.path=${data}`,
    "--web.listen-address=127.0.0.1:0",
    "--cluster.listen-address=",
  ]);
}

async function start(command: (data: string) => string[]): Promise<MonitoringServer> {
  const data = await mkdtemp(join(tmpdir(), "quantum-monitoring-"));
  const child = Bun.spawn(command(data), { stdin: "ignore", stdout: "ignore", stderr: "pipe" });
  let log = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stderr) log += decoder.decode(chunk, { stream: true });
  })();
  const address = await waitFor(
    `${command(data)[0]} listens`,
    () => /msg="Listening on" address=(\S+)/.exec(log)?.[1] ?? (child.exitCode === null ? undefined : ""),
    { timeoutMs: 30_000, everyMs: 20 },
  );
  if (address === "") {
    await reading;
    await rm(data, { recursive: true, force: true });
    throw new Error(`${command(data)[0]} ended with ${child.exitCode}:\n${log}`);
  }
  const url = `http://${address}`;
  await waitFor("it is ready", async () => (await fetch(`${url}/-/ready`)).ok, {
    timeoutMs: 30_000,
    everyMs: 20,
  });
  return {
    url,
    address,
    log: () => log,
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await Promise.all([child.exited, reading]);
      await rm(data, { recursive: true, force: true });
    },
  };
}
