import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { z } from "zod";

/** A page in a real Chromium (Debian's package), driven over its debugging protocol. */
export interface BrowserPage extends AsyncDisposable {
  /** What the browser's console, its security policy and its network complained about. */
  readonly complaints: readonly string[];
  /** Every URL that the page asked for. */
  readonly requested: readonly string[];
  goto(url: string): Promise<void>;
  /** The value of an expression in the page, as JSON. */
  evaluate(expression: string): Promise<unknown>;
  command(method: string, parameters?: object): Promise<Readonly<Record<string, unknown>>>;
  /** The size of the window in CSS pixels, and the theme that the system asks for. */
  show(view: {
    readonly width: number;
    readonly height: number;
    readonly theme: "light" | "dark";
  }): Promise<void>;
  /** What the window shows, as PNG. */
  screenshot(): Promise<Uint8Array>;
}

const messageSchema = z.object({
  id: z.number().optional(),
  method: z.string().optional(),
  params: z.record(z.string(), z.unknown()).default({}),
  result: z.record(z.string(), z.unknown()).default({}),
  error: z.object({ message: z.string() }).optional(),
});
const targetsSchema = z.array(z.object({ type: z.string(), webSocketDebuggerUrl: z.string() }));
const valueSchema = z.object({
  result: z.object({ value: z.unknown().optional() }),
  exceptionDetails: z.unknown().optional(),
});

async function startChromium(folder: string) {
  const flags = [
    "--headless=new",
    "--no-sandbox",
    "--disable-gpu",
    "--hide-scrollbars",
    "--disable-dev-shm-usage",
  ];
  flags.push("--no-first-run", "--disable-background-networking", "--disable-component-update");
  flags.push("--remote-debugging-port=0", `--user-data-dir=${folder}`, "about:blank");
  const child = Bun.spawn(["chromium", ...flags], {
    stdout: "ignore",
    stderr: "pipe",
    env: { ...Bun.env, HOME: folder },
  });
  let said = "";
  for await (const chunk of child.stderr.pipeThrough(new TextDecoderStream())) {
    said += chunk;
    const port = /DevTools listening on ws:\/\/127\.0\.0\.1:(\d+)\//.exec(said)?.[1];
    if (port !== undefined) return { child, port };
  }
  throw new Error(`chromium does not start: ${said.slice(0, 500)}`);
}

async function connect(port: string): Promise<WebSocket> {
  const targets = targetsSchema.parse(await (await fetch(`http://127.0.0.1:${port}/json/list`)).json());
  const page = targets.find(({ type }) => type === "page");
  if (page === undefined) throw new Error("chromium has no page");
  const socket = new WebSocket(page.webSocketDebuggerUrl);
  await new Promise((resolve, reject) => {
    socket.addEventListener("open", resolve);
    socket.addEventListener("error", reject);
  });
  return socket;
}

function complaintOf(method: string, params: Readonly<Record<string, unknown>>): string | undefined {
  const bad =
    method === "Log.entryAdded" || method === "Runtime.exceptionThrown" || method === "Network.loadingFailed";
  const error = method === "Runtime.consoleAPICalled" && params["type"] === "error";
  return bad || error ? JSON.stringify(params) : undefined;
}

/** Starts a browser with one empty page. */
export async function openBrowser(): Promise<BrowserPage> {
  const folder = await mkdtemp(join(tmpdir(), "quantum-browser-"));
  const { child, port } = await startChromium(folder);
  const socket = await connect(port);
  const complaints: string[] = [];
  const requested: string[] = [];
  const waiting = new Map<number, (message: z.output<typeof messageSchema>) => void>();
  socket.addEventListener("message", ({ data }) => {
    const message = messageSchema.parse(JSON.parse(String(data)));
    if (message.id !== undefined) waiting.get(message.id)?.(message);
    const complaint = complaintOf(message.method ?? "", message.params);
    if (complaint !== undefined) complaints.push(complaint);
    if (message.method === "Network.requestWillBeSent") {
      requested.push(z.object({ url: z.string() }).parse(message.params["request"]).url);
    }
  });
  let last = 0;
  const command = async (method: string, params: object = {}) => {
    last += 1;
    const id = last;
    const answer = new Promise<z.output<typeof messageSchema>>((resolve) => waiting.set(id, resolve));
    socket.send(JSON.stringify({ id, method, params }));
    const { result, error } = await answer;
    waiting.delete(id);
    if (error !== undefined) throw new Error(`${method}: ${error.message}`);
    return result;
  };
  for (const domain of ["Page", "Runtime", "Log", "Network"]) await command(`${domain}.enable`);
  return {
    ...{ complaints, requested, command },
    async goto(url) {
      await command("Page.navigate", { url });
    },
    async evaluate(expression) {
      const { result, exceptionDetails } = valueSchema.parse(
        await command("Runtime.evaluate", { expression, returnByValue: true, awaitPromise: true }),
      );
      if (exceptionDetails !== undefined)
        throw new Error(`${expression}: ${JSON.stringify(exceptionDetails)}`);
      return result.value;
    },
    async show({ width, height, theme }) {
      const size = { width, height, deviceScaleFactor: 1, mobile: width < 500 };
      await command("Emulation.setDeviceMetricsOverride", size);
      await command("Emulation.setEmulatedMedia", {
        features: [{ name: "prefers-color-scheme", value: theme }],
      });
    },
    async screenshot() {
      const shot = z.object({ data: z.string() }).parse(await command("Page.captureScreenshot"));
      return Buffer.from(shot.data, "base64");
    },
    async [Symbol.asyncDispose]() {
      socket.close();
      child.kill("SIGKILL");
      await child.exited;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
