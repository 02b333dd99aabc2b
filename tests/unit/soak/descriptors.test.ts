import { expect, test } from "bun:test";
import { connect, createServer, type Socket } from "node:net";
import { countDescriptors } from "../../../scripts/soak/descriptors.ts";

/** What this process has opened more than before, by who it is taken for. */
function opened() {
  const subjects = ["paper-exchange", "execution"] as const;
  const count = () => subjects.map((subject) => countDescriptors(subject, process.pid));
  const before = count();
  return () => count().map((now, at) => now - (before[at] ?? 0));
}

test("a connection of a client is no descriptor of the venue, until its client has left it", async () => {
  const accepted: Socket[] = [];
  const more = opened();
  const server = createServer({ allowHalfOpen: true }, (socket) => accepted.push(socket));
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  expect(more()).toEqual([1, 1]);
  const address = server.address();
  const client = connect(typeof address === "object" ? (address?.port ?? 0) : 0, "127.0.0.1");
  while (accepted.length === 0 || client.connecting) await Bun.sleep(5);
  expect(more()).toEqual([1, 3]);
  const ended = new Promise((resolve) => accepted[0]?.once("end", resolve).resume());
  client.end();
  await ended;
  // Both ends are this process'; neither is established any more.
  expect(more()).toEqual([3, 3]);
  for (const socket of [client, ...accepted]) socket.destroy();
  server.close();
});
