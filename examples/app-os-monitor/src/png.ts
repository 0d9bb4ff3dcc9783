import { crc32, deflateSync } from 'node:zlib';

export type Colour = readonly [red: number, green: number, blue: number];

/** A picture of coloured points, `0, 0` at the top left. */
export class Picture {
  readonly width: number;
  readonly height: number;
  readonly #pixels: Buffer;

  constructor(width: number, height: number, background: Colour) {
    this.width = width;
    this.height = height;
    this.#pixels = Buffer.alloc(width * height * 3);
    for (let at = 0; at < width * height; at++) this.#pixels.set(background, at * 3);
  }

  dot(x: number, y: number, colour: Colour): void {
    if (x < 0 || y < 0 || x >= this.width || y >= this.height) return;
    this.#pixels.set(colour, (Math.floor(y) * this.width + Math.floor(x)) * 3);
  }

  fill([x, y]: Point, [width, height]: Point, colour: Colour): void {
    for (let down = 0; down < height; down++) {
      for (let right = 0; right < width; right++) this.dot(x + right, y + down, colour);
    }
  }

  /** A line two points thick. */
  line([x1, y1]: Point, [x2, y2]: Point, colour: Colour): void {
    const steps = Math.max(Math.abs(x2 - x1), Math.abs(y2 - y1), 1);
    for (let step = 0; step <= steps; step++) {
      const [x, y] = [x1 + ((x2 - x1) * step) / steps, y1 + ((y2 - y1) * step) / steps];
      this.fill([Math.round(x), Math.round(y)], [2, 2], colour);
    }
  }

  /** @see w3.org/TR/png: eight bits, red green blue, no filter. */
  encode(): Buffer {
    const header = Buffer.alloc(13);
    header.writeUInt32BE(this.width, 0);
    header.writeUInt32BE(this.height, 4);
    header.set([8, 2, 0, 0, 0], 8);
    const rows: Buffer[] = [];
    for (let y = 0; y < this.height; y++) {
      rows.push(Buffer.of(0), this.#pixels.subarray(y * this.width * 3, (y + 1) * this.width * 3));
    }
    const signature = Buffer.from('\x89PNG\r\n\x1a\n', 'latin1');
    const body = deflateSync(Buffer.concat(rows));
    return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', body), chunk('IEND', Buffer.alloc(0))]);
  }
}
export type Point = readonly [x: number, y: number];

function chunk(type: string, data: Buffer): Buffer {
  const named = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const [length, check] = [Buffer.alloc(4), Buffer.alloc(4)];
  length.writeUInt32BE(data.length);
  check.writeUInt32BE(crc32(named));
  return Buffer.concat([length, named, check]);
}
