/** framing — how many bytes ZeroMQ puts on the wire, as far as it can be seen from outside of CURVE. Pure. */

/** Of one part of a message: its seal, and what says how long it is. */
export function wireBytes(part: number): number {
  const sealed = part + 33;
  return sealed + (sealed > 255 ? 9 : 2);
}
