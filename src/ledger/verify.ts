/** verify — whether every entry is there, in its place and as it was written; and if not, which is the first that is not. */
import { setImmediate as turn } from 'node:timers/promises';
import { emptyHead, hashOf, type Head } from './chain.ts';
import { earlier, type Fault, type Verdict } from './entry.ts';
import { readHeads, type Places } from './files.ts';
import { entryRowOf, type EntryRow, type EntryStatements } from './sql.ts';

/** Entries between two turns of the thread, which has others to write meanwhile. */
const atOnce = 500;

type Parts = { sql: EntryStatements; places: Places; secret: Buffer };
type Found = { fault: Fault | undefined; entries: number; since: number | null };

/** Reads the head's file anew: what lies on disk is what is judged. */
export async function verify({ sql, places, secret }: Parts): Promise<Verdict> {
  const heads = readHeads(places, secret);
  const chains = [...new Set([...Object.keys(heads ?? {}), ...sql.chains()])].sort();
  const found: Found[] = [];
  for (const chain of chains) {
    const headOf = (): Head => (readHeads(places, secret) ?? {})[chain] ?? emptyHead;
    found.push(await follow({ sql, secret, chain, headOf }));
  }
  const faults = found.flatMap(({ fault }) => fault ?? []);
  const broken = [...(heads ? [] : [headless(sql, chains)]), ...faults.toSorted(earlier)];
  const times = found.flatMap(({ since }) => since ?? []);
  return {
    ...{ intact: broken.length === 0, broken, chains: chains.length },
    entries: found.reduce((sum, { entries }) => sum + entries, 0),
    since: times.length === 0 ? null : Math.min(...times),
  };
}

/** Without its head nothing shows that the end is the end. */
const headless = (sql: EntryStatements, [chain = 'owner']: readonly string[]): Fault => {
  const why = 'the head of the ledger is gone or altered: entries may be missing at the end of every chain';
  return { chain, seq: sql.lastSeq(chain) + 1, id: null, at: null, why };
};

type Way = { sql: EntryStatements; secret: Buffer; chain: string; headOf: () => Head };

/** From the oldest entry that is promised to the last that is there. */
async function follow({ sql, secret, chain, headOf }: Way): Promise<Found> {
  const promised = headOf().seq;
  let { seq, hash } = headOf().from;
  let [entries, since] = [0, null as number | null];
  const first = (row: EntryRow | undefined, at: number, why: string): Found => {
    const isThere = row?.seq === at;
    return { fault: { chain, seq: at, id: isThere ? row.id : null, at: isThere ? row.at : null, why }, entries, since };
  };
  for (;;) {
    // Meanwhile the oldest may have been dropped.
    const { from } = headOf();
    if (from.seq > seq) ({ seq, hash } = from);
    const rows = sql.after(chain, seq, atOnce);
    for (const raw of rows) {
      const row = entryRowOf(raw);
      if (row?.seq !== seq + 1) return first(row, seq + 1, row ? 'it is missing' : 'it is no entry of the box');
      if (row.hash !== hashOf(secret, hash, row))
        return first(row, row.seq, 'it is not as it was written, or not in its place');
      if (row.kind === 'unsealed') return first(row, row.seq, unsealed);
      ({ seq, hash } = row);
      entries++;
      since ??= row.at;
    }
    if (rows.length < atOnce) break;
    await turn();
  }
  return seq < promised
    ? first(undefined, seq + 1, 'it is missing, with all that followed it')
    : { fault: undefined, entries, since };
}

const unsealed =
  'when the box started then, the head of the ledger was gone or altered: entries before it may be missing';
