import { expect, test } from "bun:test";
import { crc32, deflateSync, inflateSync } from "node:zlib";
import { indexedPng } from "../../../scripts/telemetry/indexed-png.ts";

const WIDTH = 3;
/** Five rows, one for each filter of the specification, of three pixels. */
const ROWS = [
  [10, 20, 30, 10, 20, 30, 200, 100, 50],
  [10, 20, 30, 200, 100, 50, 0, 0, 0],
  [255, 255, 255, 10, 20, 30, 0, 0, 0],
  [7, 8, 9, 10, 20, 30, 255, 255, 255],
  [200, 100, 50, 7, 8, 9, 10, 20, 30],
];

function chunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, "latin1"), data]);
  const framed = Buffer.alloc(body.length + 8);
  framed.writeUInt32BE(data.length, 0);
  framed.set(body, 4);
  framed.writeUInt32BE(crc32(body), body.length + 4);
  return framed;
}

/** As an encoder filters: row n with filter n. */
function filtered(row: readonly number[], kind: number): readonly number[] {
  const up = ROWS[kind - 1] ?? [];
  const bytes = row.map((byte, at) => {
    const [left, above, corner] = [row[at - 3] ?? 0, up[at] ?? 0, at < 3 ? 0 : (up[at - 3] ?? 0)];
    const nearest = [left, above, corner]
      .map((value) => ({ value, off: Math.abs(left + above - corner - value) }))
      .reduce((best, one) => (one.off < best.off ? one : best));
    return byte - ([0, left, above, (left + above) >> 1, nearest.value][kind] ?? 0);
  });
  return [kind, ...bytes.map((byte) => byte & 255)];
}

function trueColourPng(kind = 2): Uint8Array {
  const head = Buffer.alloc(13);
  head.writeUInt32BE(WIDTH, 0);
  head.writeUInt32BE(ROWS.length, 4);
  head.set([8, kind], 8);
  const data = deflateSync(Buffer.from(ROWS.flatMap(filtered)));
  const start = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10]);
  return Buffer.concat([start, chunk("IHDR", head), chunk("IDAT", data), chunk("IEND", Buffer.alloc(0))]);
}

function partOf(png: Uint8Array, type: string): Buffer {
  const bytes = Buffer.from(png);
  const at = bytes.indexOf(type, 0, "latin1");
  return bytes.subarray(at + 4, at + 4 + bytes.readUInt32BE(at - 4));
}

test("every pixel keeps its colour, whatever filter its row had", () => {
  const png = indexedPng(trueColourPng());
  const palette = partOf(png, "PLTE");
  const indexes = inflateSync(partOf(png, "IDAT"));
  const rows = ROWS.map((_row, row) => {
    const line = indexes.subarray(row * (WIDTH + 1) + 1, (row + 1) * (WIDTH + 1));
    return [...line].flatMap((index) => [...palette.subarray(index * 3, index * 3 + 3)]);
  });
  expect(rows).toEqual(ROWS);
  expect(palette.length / 3).toBe(5);
});

test("a picture of another kind is refused", () => {
  expect(() => indexedPng(trueColourPng(0))).toThrow("a PNG of another kind");
});
