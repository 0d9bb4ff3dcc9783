/** chain — the hash of an entry, and the head that says how far each chain goes: both keyed, so that only the box can make them. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { Entry } from './entry.ts';

/** Before the first entry of a chain. */
export const genesis = '0'.repeat(64);

/** One end of a chain: the last entry, or the last that was dropped for age. */
export type End = { seq: number; hash: string };
/** `from`: what is before it was dropped by the box itself. */
export type Head = End & { from: End };
/** By chain. */
export type Heads = Record<string, Head>;

export const emptyHead: Head = { seq: 0, hash: genesis, from: { seq: 0, hash: genesis } };

export type Unhashed = Omit<Entry, 'hash' | 'facts'> & {
  /** JSON text, as it lies in the file. */
  facts: string;
};

const mac = (secret: Buffer, what: string, text: string): string =>
  createHmac('sha256', secret).update(`${what}\n${text}`).digest('hex');

/** @param before hash of the entry before in its chain */
export function hashOf(secret: Buffer, before: string, entry: Unhashed): string {
  const { id, chain, seq, at, kind, component, target, path, facts } = entry;
  const said = JSON.stringify([id, chain, seq, at, kind, component, target, path, facts]);
  return mac(secret, 'entry', `${before}\n${said}`);
}

/** The text of the head's file. */
export const sealHeads = (secret: Buffer, heads: Heads): string =>
  `${JSON.stringify({ heads, mac: mac(secret, 'head', JSON.stringify(heads)) })}\n`;

/** @returns undefined for a text that the box did not write */
export function openHeads(secret: Buffer, text: string): Heads | undefined {
  try {
    const { heads, mac: given } = JSON.parse(text) as { heads: Heads; mac: string };
    const due = Buffer.from(mac(secret, 'head', JSON.stringify(heads)));
    const got = Buffer.from(String(given));
    return got.length === due.length && timingSafeEqual(got, due) ? heads : undefined;
  } catch {
    return undefined;
  }
}
