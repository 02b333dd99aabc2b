import fc from "fast-check";

/** Texts as UTF-8 with some of their bytes changed, cut or put in, so that most are no text any more; or any bytes. */
export function bytesLike(...valid: readonly string[]): fc.Arbitrary<Buffer> {
  const edit = fc.record({ at: fc.nat(), cut: fc.nat({ max: 3 }), put: fc.uint8Array({ maxLength: 4 }) });
  const edited = fc.tuple(fc.constantFrom(...valid), fc.array(edit, { maxLength: 3 })).map(([text, edits]) =>
    edits.reduce((now, { at, cut, put }) => {
      const from = at % (now.length + 1);
      return Buffer.concat([now.subarray(0, from), put, now.subarray(from + cut)]);
    }, Buffer.from(text)),
  );
  return fc.oneof(
    { weight: 4, arbitrary: edited },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.constantFrom(...NO_TEXT) },
  );
}

/** A lone continuation, an overlong slash, half a character, a surrogate, beyond the last code point, a byte order mark. */
const NO_TEXT = [
  [0x80],
  [0xc0, 0xaf],
  [0xe2, 0x82],
  [0xed, 0xa0, 0x80],
  [0xf5, 0x80, 0x80, 0x80],
  [0xef, 0xbb, 0xbf],
].map((bytes) => Buffer.from(bytes));

/** The value of a header: every byte but the two that end its line. */
export const headerBytes: fc.Arbitrary<Buffer> = fc
  .uint8Array({ maxLength: 60 })
  .map((bytes) => Buffer.from(bytes.filter((byte) => byte !== 0x0a && byte !== 0x0d)));

/** A request that is right in all but one more header, or the same again, and its body. */
export function requestBytes(request: {
  readonly method: string;
  readonly path: string;
  readonly token: string;
  readonly extra: readonly [name: string, value: Buffer];
  readonly body: Buffer;
}): Buffer {
  const { method, path, token, extra, body } = request;
  const [name, value] = extra;
  const head = [
    `${method} ${path} HTTP/1.1`,
    ...[
      "Host: 127.0.0.1",
      `Authorization: Bearer ${token}`,
      "X-Operator: anna",
      "Content-Type: application/json",
    ],
    ...[`Content-Length: ${body.length}`, "Connection: close", `${name}: `],
  ].join("\r\n");
  return Buffer.concat([Buffer.from(head), value, Buffer.from("\r\n\r\n"), body]);
}
