/** A request that a notification receiver got. */
export interface Notification {
  readonly path: string;
  readonly body: string;
}

/** Takes every POST of Telegram, Discord, Slack and PagerDuty integrations and keeps it. */
export interface NotificationInbox extends AsyncDisposable {
  readonly url: string;
  received(): readonly Notification[];
}

/** On a free port of loopback. */
export function openNotificationInbox(): NotificationInbox {
  const received: Notification[] = [];
  const server = Bun.serve({
    hostname: "127.0.0.1",
    port: 0,
    async fetch(request) {
      const path = new URL(request.url).pathname;
      received.push({ path, body: await request.text() });
      return path.includes("/bot") ? Response.json(TELEGRAM_ANSWER) : new Response("ok");
    },
  });
  return {
    url: `http://127.0.0.1:${server.port}`,
    received: () => received,
    async [Symbol.asyncDispose]() {
      await server.stop(true);
    },
  };
}

const TELEGRAM_ANSWER = { ok: true, result: { message_id: 1, date: 0, chat: { id: 1, type: "private" } } };
