/** lines — whether the export ledger says of each sending what the chain says of it. */
import type { Entry, Fault } from './entry.ts';

/** A line of the export ledger, as far as the chain knows it. */
export type Line = { destination: string; bytes: number; sha256: string | null; status: string };
/** @returns null when it was dropped for age, undefined when it is not there */
export type LineOf = (line: number, component: string) => Line | null | undefined;

/** How a sending ended so that its line does not change any more. */
const final = new Set(['answered', 'unknown', 'refused']);

/**
 * @param sent  entries about sendings after this number, oldest first, some at a time; none: there are no more
 * @returns     the first entry of each chain whose line is missing or says something else
 */
export async function lineFaults(sent: (after: number) => Promise<Entry[]>, lineOf: LineOf): Promise<Fault[]> {
  const faults = new Map<string, Fault>();
  for (let after = 0; ;) {
    const entries = await sent(after);
    const last = entries.at(-1);
    if (!last) return [...faults.values()];
    after = last.id;
    for (const entry of entries) {
      const why = faults.has(entry.chain) ? undefined : faultOf(entry, lineOf);
      const { chain, seq, id, at } = entry;
      if (why !== undefined) faults.set(chain, { chain, seq, id, at, why });
    }
  }
}

function faultOf({ kind, component, path, facts }: Entry, lineOf: LineOf): string | undefined {
  const { line: number, bytes, sha256, status } = facts;
  if (typeof number !== 'number') return undefined;
  const line = lineOf(number, component);
  if (line === null) return undefined;
  if (!line) return `line ${number} of the export ledger, which it is about, is missing`;
  const isSame =
    line.destination === path &&
    (kind === 'export'
      ? line.bytes === bytes && line.sha256 === sha256
      : !final.has(String(status)) || line.status === status);
  return isSame ? undefined : `line ${number} of the export ledger, which it is about, says something else`;
}
