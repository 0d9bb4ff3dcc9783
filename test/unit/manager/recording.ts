/** A ledger that keeps its entries for the test that reads them; the real one needs a thread. */
import { Failure } from '../../../src/base/errors.ts';
import type { NewEntry } from '../../../src/ledger/index.ts';

export function recording() {
  const entries: NewEntry[] = [];
  /** What the disk does. */
  const disk = { isFull: false };
  return {
    entries,
    disk,
    /** `grant GET /ts/a`, in the order in which they were begun. */
    said: () =>
      entries.map(({ kind, path = '', facts = {} }) => [kind, facts['method'], path].filter(Boolean).join(' ')),
    async record(entry: NewEntry): Promise<void> {
      await Promise.resolve();
      if (disk.isFull) throw new Failure('ledger.unavailable', 'the disk is full');
      entries.push(entry);
    },
  };
}
