/** The least of an SMTP server that a mail client is content with; keeps what follows DATA. */
export interface MailInbox extends AsyncDisposable {
  /** host:port */
  readonly address: string;
  mails(): readonly string[];
}

interface Conversation {
  text: string;
  inData: boolean;
}

/** On a free port of loopback, without encryption or login. */
export function openMailInbox(): MailInbox {
  const mails: string[] = [];
  const server = Bun.listen<Conversation>({
    hostname: "127.0.0.1",
    port: 0,
    socket: {
      open(socket) {
        socket.data = { text: "", inData: false };
        socket.write("220 test\r\n");
      },
      data(socket, chunk) {
        const talk = socket.data;
        talk.text += chunk.toString();
        for (const answer of answers(talk, mails)) socket.write(answer);
      },
    },
  });
  return {
    address: `127.0.0.1:${server.port}`,
    mails: () => mails,
    async [Symbol.asyncDispose]() {
      server.stop(true);
    },
  };
}

function answers(talk: Conversation, mails: string[]): readonly string[] {
  const said: string[] = [];
  for (;;) {
    const end = talk.inData ? "\r\n.\r\n" : "\r\n";
    const at = talk.text.indexOf(end);
    if (at < 0) return said;
    const line = talk.text.slice(0, at);
    talk.text = talk.text.slice(at + end.length);
    if (talk.inData) {
      mails.push(line);
      talk.inData = false;
      said.push("250 taken\r\n");
    } else if (/^DATA/i.test(line)) {
      talk.inData = true;
      said.push("354 go on\r\n");
    } else if (/^QUIT/i.test(line)) said.push("221 bye\r\n");
    else said.push("250 ok\r\n");
  }
}
