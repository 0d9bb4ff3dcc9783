/**
 * message — reads a component's DNS query and writes its reply. Pure. Our own reading, not dns-packet's: that one joins
 * labels as text, so that a label `api.example` (with a dot in it) would pass for two, and answers must repeat the
 * question byte for byte (some clients mix case as a protection).
 */
import type { Ip } from '../../base/ipv4.ts';

export const rcode = { ok: 0, malformed: 1, failed: 2, unknown: 3, unsupported: 4 } as const;
export type Rcode = (typeof rcode)[keyof typeof rcode];
/** Record types that we tell apart; every other one is answered without records. */
export const type = { a: 1, ptr: 12, any: 255 } as const;

export type Query = {
  /** Id and flags, as sent. */
  head: Buffer;
  /** The question, as sent; `undefined` when it could not be read. */
  question: Buffer | undefined;
  /** Lower case, no trailing dot; `null` for what is no host name (odd bytes, the root). */
  name: string | null;
  type: number;
};
/** A query to answer, an error to send back at once, or `null`: silence (too short, or itself a reply). */
export type Reading = { query: Query } | { refusal: Buffer } | null;

export type Answer = { type: 'a'; address: Ip } | { type: 'ptr'; name: string };

const classIn = 1;
const headBytes = 12;
const longestName = 255;

/** Everything behind the question (EDNS options and what else may be there) is not looked at. */
export function read(message: Buffer): Reading {
  if (message.length < headBytes || (message.readUInt8(2) & 0x80) !== 0) return null;
  const head = message.subarray(0, headBytes);
  const broken = (code: Rcode): Reading => ({
    refusal: write({ head, question: undefined, name: null, type: 0 }, code),
  });
  if ((message.readUInt8(2) & 0x78) !== 0) return broken(rcode.unsupported);
  if (message.readUInt16BE(4) !== 1 || message.readUInt32BE(6) !== 0) return broken(rcode.malformed);
  const labels = labelsAt(message, headBytes);
  if (!labels || labels.end + 4 > message.length) return broken(rcode.malformed);
  const query = {
    head,
    question: message.subarray(headBytes, labels.end + 4),
    name: nameOfLabels(labels.labels),
    type: message.readUInt16BE(labels.end),
  };
  if (message.readUInt16BE(labels.end + 2) !== classIn) return { refusal: write(query, rcode.unsupported) };
  return { query };
}

/** The first question's labels; pointers are for replies. */
function labelsAt(message: Buffer, start: number): { labels: Buffer[]; end: number } | undefined {
  const labels: Buffer[] = [];
  for (let at = start; at - start < longestName;) {
    const length = message[at] ?? 255;
    if (length === 0) return { labels, end: at + 1 };
    if (length > 63 || at + 1 + length > message.length) return undefined;
    labels.push(message.subarray(at + 1, at + 1 + length));
    at += 1 + length;
  }
  return undefined;
}

const label = /^[a-z0-9_-]{1,63}$/;
const nameOfLabels = (labels: Buffer[]): string | null => {
  const texts = labels.map((bytes) => bytes.toString('latin1').toLowerCase());
  return texts.length > 0 && texts.every((text) => label.test(text)) ? texts.join('.') : null;
};

/**
 * The one spelling of a host name that agreements and queries compare: lower case, without trailing dot.
 * @returns `null` for what is no host name: other characters, labels over 63, names over 253
 */
export function canonicalHost(text: string): string | null {
  const name = text.toLowerCase().replace(/\.$/, '');
  return name.length <= 253 && name.split('.').every((part) => label.test(part)) ? name : null;
}

/** A reply to this query: authoritative, with at most one record of TTL 0, well below 512 bytes. */
export function write({ head, question }: Query, code: Rcode, answer?: Answer): Buffer {
  const reply = Buffer.alloc(headBytes);
  head.copy(reply, 0, 0, 3);
  // Reply, same opcode, authoritative, recursion as desired; recursion is available, or stubs take an empty answer for lame.
  reply[2] = 0x84 | ((head[2] ?? 0) & 0x79);
  reply[3] = 0x80 | code;
  reply.writeUInt16BE(question ? 1 : 0, 4);
  reply.writeUInt16BE(answer ? 1 : 0, 6);
  return Buffer.concat([reply, ...(question ? [question] : []), ...(answer ? [record(answer)] : [])]);
}

function record(answer: Answer): Buffer {
  const data = answer.type === 'a' ? Buffer.from(answer.address.split('.').map(Number)) : nameBytes(answer.name);
  const fixed = Buffer.alloc(12);
  fixed.writeUInt16BE(0xc000 | headBytes, 0);
  fixed.writeUInt16BE(type[answer.type], 2);
  fixed.writeUInt16BE(classIn, 4);
  fixed.writeUInt16BE(data.length, 10);
  return Buffer.concat([fixed, data]);
}

const nameBytes = (name: string): Buffer =>
  Buffer.concat([
    ...name.split('.').map((part) => Buffer.concat([Buffer.from([part.length]), Buffer.from(part, 'latin1')])),
    Buffer.from([0]),
  ]);
