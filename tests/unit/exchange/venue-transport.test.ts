import { expect, test } from "bun:test";
import { createSigner } from "../../../lib/exchange/sign-request.ts";
import { ORDER, READ, rawVenue, SECRET, stubVenue, transportTo } from "./stub-venue.ts";

const KEEP_ALIVE_OK =
  "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Type: application/json\r\nConnection: keep-alive\r\n\r\n{}";

test("an order goes out as a signed form with the very timestamp that was written down", async () => {
  await using venue = stubVenue(() => Response.json({ orderId: 1 }));
  const reply = await transportTo(venue.url).transport.send(ORDER);
  expect(reply).toMatchObject({ ok: true, json: { orderId: 1 } });
  const [heard] = venue.heard;
  const payload = "symbol=BTCUSDT&recvWindow=2000&timestamp=1700000000000";
  expect(heard?.body).toBe(`${payload}&signature=${createSigner(SECRET)(payload)}`);
  expect(heard?.url.search).toBe("");
  expect(heard?.headers.get("x-mbx-apikey")).toBe("the-key");
});

test("a read is signed in its query with the venue's time", async () => {
  await using venue = stubVenue(() => Response.json([]));
  await transportTo(venue.url).transport.send(READ);
  const query = venue.heard[0]?.url.searchParams;
  expect(query?.get("timestamp")).toBe("1700000000500");
  expect(query?.get("recvWindow")).toBe("5000");
  expect(query?.get("signature")).toMatch(/^[0-9a-f]{64}$/);
});

test("a public request carries neither key nor signature", async () => {
  await using venue = stubVenue(() => Response.json({}));
  await transportTo(venue.url).transport.send({ ...READ, security: "none" });
  expect(venue.heard[0]?.headers.has("x-mbx-apikey")).toBe(false);
  expect(venue.heard[0]?.url.search).toBe("?symbol=BTCUSDT");
});

test("an order whose reused connection drops is sent once and left in doubt", async () => {
  await using venue = await rawVenue((count, socket) => {
    if (count === 1) socket.write(KEEP_ALIVE_OK);
    else socket.destroy();
  });
  const { transport } = transportTo(venue.url);
  await transport.send(ORDER);
  const reply = await transport.send(ORDER);
  expect(reply).toMatchObject({
    ok: false,
    outcome: { row: "NO_REPLY", phase: "ambiguous", retryable: false },
  });
  expect(venue.heard).toEqual(["POST /fapi/v1/order HTTP/1.1", "POST /fapi/v1/order HTTP/1.1"]);
});

test("a venue that never answers ends at the deadline, in doubt, and is asked once", async () => {
  await using venue = await rawVenue(() => undefined);
  const askedAtMs = performance.now();
  const reply = await transportTo(venue.url, { timeoutMs: 50 }).transport.send(ORDER);
  expect(performance.now() - askedAtMs).toBeLessThan(500);
  expect(reply).toMatchObject({ ok: false, outcome: { row: "NO_REPLY", class: "UNKNOWN" } });
  expect(venue.heard).toHaveLength(1);
});

test("the deadline covers a body that stops half way", async () => {
  await using venue = await rawVenue((_count, socket) => {
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"orderId":');
  });
  const reply = await transportTo(venue.url, { timeoutMs: 50 }).transport.send(ORDER);
  expect(reply).toMatchObject({ ok: false, outcome: { row: "NO_REPLY" } });
});

test("a fetch that ignores its signal cannot outlive the deadline", async () => {
  const deaf = () => new Promise<Response>(() => undefined);
  const { transport } = transportTo("http://127.0.0.1:1", { timeoutMs: 20, fetch: deaf });
  expect(await transport.send(ORDER)).toMatchObject({ ok: false, outcome: { row: "NO_REPLY" } });
});

test("a refused connection is proof that nothing was sent", async () => {
  const gone = stubVenue(() => new Response());
  await gone[Symbol.asyncDispose]();
  const reply = await transportTo(gone.url).transport.send(ORDER);
  expect(reply).toMatchObject({ ok: false, outcome: { row: "CONNECTION_REFUSED", retryable: true } });
});

test("a redirect is not followed: an order stays in doubt and the other host hears nothing", async () => {
  await using other = stubVenue(() => Response.json({}));
  await using venue = stubVenue(() => Response.redirect(other.url, 307));
  const reply = await transportTo(venue.url).transport.send(ORDER);
  expect(reply).toMatchObject({ ok: false, outcome: { row: "UNRECOGNISED", httpStatus: 307 } });
  expect(other.heard).toEqual([]);
});

test("after a 429 nothing is sent until its time, and the refusal says how long", async () => {
  await using venue = stubVenue(() => new Response("{}", { status: 429, headers: { "Retry-After": "7" } }));
  const { transport } = transportTo(venue.url);
  expect(await transport.send(READ)).toMatchObject({ ok: false, outcome: { row: "HTTP_LIMITED" } });
  const held = await transport.send(ORDER);
  expect(held).toMatchObject({
    ok: false,
    outcome: { row: "WITHHELD", phase: "rejected", retryAfterMs: 7000 },
  });
  expect(venue.heard).toHaveLength(1);
});

test("an entry that would use the reserve of the exits is not sent; an exit is", async () => {
  await using venue = stubVenue(() => Response.json({}, { headers: { "X-MBX-ORDER-COUNT-10S": "240" } }));
  const { transport } = transportTo(venue.url);
  await transport.send({ ...ORDER, kind: "entry" });
  expect(await transport.send({ ...ORDER, kind: "entry" })).toMatchObject({ outcome: { row: "WITHHELD" } });
  expect(await transport.send({ ...ORDER, kind: "exit" })).toMatchObject({ ok: true });
  expect(venue.heard).toHaveLength(2);
});

test("neither secret nor signature nor key shows in what is reported of a failure", async () => {
  await using venue = stubVenue(() => new Response("x", { status: 502 }));
  const gone = transportTo("http://127.0.0.1:1");
  const failing = transportTo(venue.url);
  await gone.transport.send(READ);
  await failing.transport.send(READ);
  const said = JSON.stringify([...gone.outcomes, ...failing.outcomes]);
  expect(said).toContain("HTTP_UNKNOWN");
  expect(said).not.toMatch(/signature|the-key|must-never-show/);
});
