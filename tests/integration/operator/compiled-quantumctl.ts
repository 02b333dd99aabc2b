import { join } from "node:path";
import { BINARIES } from "../../support/pipeline.ts";

/** A run of the compiled quantumctl. */
export interface CtlRun {
  readonly out: string;
  readonly err: string;
  readonly code: number;
}

export interface CtlCall {
  readonly args: readonly string[];
  /** The whole environment besides PATH. */
  readonly env: Readonly<Record<string, string>>;
  /** Told of stdout and stderr as they come. */
  readonly onText?: (text: string) => void;
}

/** Runs it to its end with nobody at the terminal. */
export async function runQuantumctl(call: CtlCall): Promise<CtlRun> {
  const child = Bun.spawn([join(BINARIES, "quantumctl"), ...call.args], {
    env: { PATH: Bun.env["PATH"] ?? "", NO_COLOR: "1", USER: "alice", ...call.env },
    ...({ stdin: "ignore", stdout: "pipe", stderr: "pipe" } as const),
  });
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    let all = "";
    const decoder = new TextDecoder();
    for await (const bytes of stream) {
      const text = decoder.decode(bytes, { stream: true });
      all += text;
      call.onText?.(text);
    }
    return all;
  };
  const [out, err, code] = await Promise.all([collect(child.stdout), collect(child.stderr), child.exited]);
  return { out, err, code };
}
