import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { waitUntil } from "./wait-until.ts";

/** A service manager's end of NOTIFY_SOCKET: a real unix datagram socket. */
export interface NotifyReceiver extends AsyncDisposable {
  /** The value of NOTIFY_SOCKET. */
  readonly address: string;
  /** Datagrams so far, in order. */
  messages(): readonly string[];
}

/** Neither Bun nor Node can receive on such a socket, Perl (which Debian's base system has) can. */
const RECEIVER = `
use Socket; $| = 1;
my $path = $ARGV[0]; $path =~ s/^@/\\0/;
socket(my $s, AF_UNIX, SOCK_DGRAM, 0) or die $!;
bind($s, pack_sockaddr_un($path)) or die $!;
print "bound\\x1e";
while (defined recv($s, my $m, 4096, 0)) { print $m, "\\x1e"; }
`;

/** Listens on a path, or on an abstract name. */
export async function receiveNotifications(kind: "path" | "abstract"): Promise<NotifyReceiver> {
  const folder = await mkdtemp(join(tmpdir(), "quantum-notify-"));
  const address = kind === "path" ? join(folder, "notify.sock") : `@${folder.slice(1)}`;
  const child = Bun.spawn(["perl", "-e", RECEIVER, address], { stdout: "pipe", stderr: "inherit" });
  let received = "";
  const reading = (async () => {
    const decoder = new TextDecoder();
    for await (const chunk of child.stdout) received += decoder.decode(chunk, { stream: true });
  })();
  await waitUntil("the receiver is bound", () => received.startsWith("bound"));
  return {
    address,
    messages: () => received.split("\x1e").slice(1, -1),
    async [Symbol.asyncDispose]() {
      child.kill("SIGKILL");
      await reading;
      await rm(folder, { recursive: true, force: true });
    },
  };
}
