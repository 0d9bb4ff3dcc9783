/** Batches: many entries of one series, all or none of them, and each told to observers as if it had come alone. */
import { readEntries, type Entry } from './entries.ts';
import type { OpenStore } from './open-store.ts';
import type { Batch } from './operations.ts';
import { tellEntries } from './telling.ts';

type Posted = {
  body: Buffer;
  /** Who posted it. */
  component: string;
};

/**
 * Resolves to how many entries are on disk, once observers were told of them.
 * @throws Failure as the engine's `writeAll`
 */
export async function writeBatch(store: OpenStore, batch: Batch, { body, component }: Posted): Promise<number> {
  // A copy of its own, to give away: observers may be told of this one.
  const written = await store.engine.writeAll(store.name, { ...batch, body: new Uint8Array(body), now: Date.now() });
  // The writer has read all of it; it is read again here only where somebody watches.
  const entries = (): Iterable<Entry> => readEntries(batch.kind, body.toString());
  await tellEntries(store, batch, { component, count: written, entries });
  return written;
}
