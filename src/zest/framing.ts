/** framing — how many bytes ZeroMQ puts on the wire, as far as it can be seen from outside of CURVE. Pure. */

/** With which a client begins (ZMTP 3): version and mechanism. */
const greetingBytes = 64;
/** HELLO and INITIATE; what comes after them are messages. */
const commands = 2;
/** Those of the libraries have about 600. */
const longestHandshakeBytes = 4_096;

/**
 * Finds the end of a client's part of the handshake.
 * @returns to be called with each piece in turn: how many of its bytes come after the handshake; undefined when that is too long
 */
export function createHandshake(): (piece: Buffer) => number | undefined {
  let head: Buffer | undefined = Buffer.alloc(0);
  return (piece) => {
    if (!head) return piece.length;
    head = Buffer.concat([head, piece]);
    const end = endOf(head);
    if (end > longestHandshakeBytes) return undefined;
    if (end > head.length) return 0;
    const beyond = head.length - end;
    head = undefined;
    return beyond;
  };
}

/** Where the handshake ends, or the least place where it can. */
function endOf(head: Buffer): number {
  let at = greetingBytes;
  for (let left = commands; left > 0; left--) {
    const isLong = ((head[at] ?? 0) & 2) !== 0;
    const headBytes = isLong ? 9 : 2;
    if (at + headBytes > head.length) return at + headBytes;
    at += headBytes + (isLong ? Number(head.readBigUInt64BE(at + 1)) : head.readUInt8(at + 1));
    if (at > head.length) return at;
  }
  return at;
}

/** Of one part of a message: its seal, and what says how long it is. */
export function wireBytes(part: number): number {
  const sealed = part + 33;
  return sealed + (sealed > 255 ? 9 : 2);
}
