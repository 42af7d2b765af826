/** Raw pixels as a PNG file (W3C PNG, 8 bits a channel, no filter). */
import { crc32, deflateSync } from "node:zlib";
import { RunstoneError } from "../store-format/index.js";

export interface Pixels {
  readonly width: number;
  readonly height: number;
  /** Row by row from the top, 1 (grey), 3 (RGB) or 4 (RGBA) bytes a pixel. */
  readonly data: Uint8Array | Uint8ClampedArray;
}

const SIGNATURE = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
const COLOUR_TYPES: Readonly<Record<number, number>> = { 1: 0, 3: 2, 4: 6 };

/** Throws INVALID_PARAMETER_VALUE when the data does not fit the size. */
export function encodePng(pixels: Pixels): Uint8Array {
  const { width, height, data } = pixels;
  const channels = data.length / (width * height);
  const colourType = COLOUR_TYPES[channels];
  if (
    !Number.isInteger(width) ||
    !Number.isInteger(height) ||
    width < 1 ||
    height < 1 ||
    colourType === undefined
  )
    throw new RunstoneError(
      "INVALID_PARAMETER_VALUE",
      `an image of ${width} x ${height} pixels cannot have ${data.length} bytes`,
      { hint: "Give 1, 3 or 4 bytes a pixel.", data: { width, height, bytes: data.length } },
    );
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([8, colourType], 8);
  return Buffer.concat([
    SIGNATURE,
    chunk("IHDR", header),
    chunk("IDAT", deflateSync(withFilterBytes(pixels, width * channels))),
    chunk("IEND", new Uint8Array()),
  ]);
}

/** Each row begins with its filter: 0, none. */
function withFilterBytes({ height, data }: Pixels, rowLength: number): Uint8Array {
  const rows = new Uint8Array((rowLength + 1) * height);
  for (let row = 0; row < height; row += 1)
    rows.set(data.subarray(row * rowLength, (row + 1) * rowLength), row * (rowLength + 1) + 1);
  return rows;
}

function chunk(type: string, body: Uint8Array): Uint8Array {
  const typed = Buffer.concat([Buffer.from(type, "latin1"), body]);
  const whole = Buffer.alloc(typed.length + 8);
  whole.writeUInt32BE(body.length, 0);
  whole.set(typed, 4);
  whole.writeUInt32BE(crc32(typed), typed.length + 4);
  return whole;
}
