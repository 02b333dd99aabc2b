/**
 * Appends an entry whose names and values are bytes, which no client library of text can write. Throws when Redis does
 * not answer with an id.
 */
export async function rawAppend(
  socketPath: string,
  stream: string,
  fields: readonly (readonly [name: Uint8Array, value: Uint8Array])[],
): Promise<void> {
  const words = [...["XADD", stream, "*"].map((word) => Buffer.from(word)), ...fields.flat()];
  const command = Buffer.concat([
    Buffer.from(`*${words.length}\r\n`),
    ...words.flatMap((word) => [Buffer.from(`$${word.length}\r\n`), word, Buffer.from("\r\n")]),
  ]);
  const answered = Promise.withResolvers<string>();
  let reply = "";
  const socket = await Bun.connect({
    unix: socketPath,
    socket: {
      open: (opened) => void opened.write(command),
      data: (_socket, bytes) => {
        reply += bytes.toString();
        if (reply.split("\r\n").length > 2 || /^[-+:]/.test(reply)) answered.resolve(reply);
      },
      close: () => answered.resolve(reply),
      error: () => answered.resolve(reply),
    },
  });
  const said = await answered.promise;
  socket.end();
  if (!/^\$\d+\r\n\d+-\d+\r\n/.test(said)) throw new Error(`XADD ${stream}: ${said}`);
}
