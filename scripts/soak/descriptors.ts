import { readdirSync, readFileSync, readlinkSync } from "node:fs";

const SOCKET = /^socket:\[(\d+)\]$/;
/** Of a line of /proc/net/tcp: state and inode. */
const ESTABLISHED = "01";
const STATE_AT = 3;
const INODE_AT = 9;

/**
 * Open descriptors of a process. Of the venue without its clients' connections: they come and go with the faults, and
 * they are descriptors of its clients, too. One that its client has closed counts. Throws when the process has ended.
 */
export function countDescriptors(subject: string, pid: number): number {
  const names = readdirSync(`/proc/${pid}/fd`);
  if (subject !== "paper-exchange") return names.length;
  const connected = connectedSockets(pid);
  const targets = names.map((name) => targetOf(`/proc/${pid}/fd/${name}`));
  return targets.filter((target) => !connected.has(SOCKET.exec(target)?.[1] ?? "")).length;
}

/** Empty when it was closed meanwhile. */
function targetOf(descriptor: string): string {
  try {
    return readlinkSync(descriptor);
  } catch {
    return "";
  }
}

function connectedSockets(pid: number): ReadonlySet<string> {
  const lines = ["tcp", "tcp6"].flatMap((kind) =>
    readFileSync(`/proc/${pid}/net/${kind}`, "utf8").trimEnd().split("\n").slice(1),
  );
  const fields = lines.map((line) => line.trim().split(/\s+/));
  return new Set(fields.filter((line) => line[STATE_AT] === ESTABLISHED).map((line) => line[INODE_AT] ?? ""));
}
