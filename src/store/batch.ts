/** Batches: many entries of one series, all or none of them, and each told to observers as if it had come alone. */
import { setImmediate as turn } from 'node:timers/promises';
import { readEntries } from './entries.ts';
import type { OpenStore } from './open-store.ts';
import type { Batch } from './operations.ts';
import { postedModes, tellPosted } from './telling.ts';

/** Events that are told before other work has its turn: an observer is cut when 256 KiB wait for it. */
const toldAtOnce = 200;

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
  const { observers, marks } = store;
  // A copy of its own: a small Buffer is a window on a shared pool, all of which would cross to the writer thread.
  const written = await store.engine.writeAll(store.name, { ...batch, body: new Uint8Array(body), now: Date.now() });
  // Who begins to observe while it is told of finds what came before in the store.
  if (observers.any('data') || observers.any('notification')) await tell(store, batch, { body, component });
  else for (const mode of postedModes) marks.count(mode, written);
  return written;
}

/** The writer has read all of it; it is read again here only where somebody watches, and not in one go. */
async function tell(store: OpenStore, { kind, series }: Batch, { body, component }: Posted): Promise<void> {
  let told = 0;
  for (const { timestamp, text } of readEntries(kind, body.toString())) {
    if (++told % toldAtOnce === 0) await turn();
    const path = timestamp === null ? `/${kind}/${series}` : `/${kind}/${series}/at/${timestamp}`;
    await tellPosted(store, { path, format: 'json', component, json: () => text });
  }
}
