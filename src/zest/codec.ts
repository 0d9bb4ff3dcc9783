/** codec — the layout of a Zest message, both ways. Pure; what a message means stands in request.ts and reply.ts. */
import { Failure } from '../base/errors.ts';

/** One frame. Numbers of options are absolute and may repeat, in any order; all integers are unsigned, big-endian. */
export type Message<Bytes extends Uint8Array = Uint8Array> = {
  code: number;
  token: Bytes;
  options: readonly (readonly [number: number, value: Bytes])[];
  payload: Bytes;
};

export const optionNumbers = { host: 3, observe: 6, path: 11, format: 12, maxAge: 14, publicKey: 2048 } as const;

export const formats = ['json', 'text', 'binary'] as const;
export type Format = (typeof formats)[number];
export const formatNumbers: Readonly<Record<Format, number>> = { text: 0, binary: 42, json: 50 };

const headBytes = 4;
const optionHeadBytes = 4;

/**
 * Takes a frame apart. The parts are views on it: nothing is copied.
 * @throws Failure `frame.invalid` for a frame that ends before what its lengths announce
 */
export function decode(frame: Buffer): Message<Buffer> {
  let end = 0;
  /** @returns where the next part begins, of so many bytes */
  const take = (bytes: number): number => {
    const start = end;
    end += bytes;
    if (end > frame.length) throw new Failure('frame.invalid', 'the frame ends before what it announces');
    return start;
  };
  const head = take(headBytes);
  const token = frame.subarray(take(frame.readUInt16BE(head + 2)), end);
  const options: [number, Buffer][] = [];
  for (let left = frame.readUInt8(head + 1); left > 0; left--) {
    const option = take(optionHeadBytes);
    options.push([frame.readUInt16BE(option), frame.subarray(take(frame.readUInt16BE(option + 2)), end)]);
  }
  return { code: frame.readUInt8(head), token, options, payload: frame.subarray(end) };
}

/** Puts a frame together. @throws RangeError for a token or value of more than 65,535 bytes: ours never are */
export function encode({ code, token, options, payload }: Message): Buffer {
  const head = Buffer.alloc(headBytes);
  head.writeUInt8(code, 0);
  head.writeUInt8(options.length, 1);
  head.writeUInt16BE(token.length, 2);
  const parts = options.flatMap(([number, value]) => {
    const optionHead = Buffer.alloc(optionHeadBytes);
    optionHead.writeUInt16BE(number, 0);
    optionHead.writeUInt16BE(value.length, 2);
    return [optionHead, value];
  });
  return Buffer.concat([head, token, ...parts, payload]);
}

/** The value of `format` and `maxAge`: their widths are fixed, clients read nothing else. */
export function uint(value: number, bytes: 2 | 4): Buffer {
  const buffer = Buffer.alloc(bytes);
  buffer.writeUIntBE(value, 0, bytes);
  return buffer;
}
