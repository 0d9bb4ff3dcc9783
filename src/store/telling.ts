/** What observers are told of a posted body. */
import { setImmediate as turn } from 'node:timers/promises';
import type { Entry } from './entries.ts';
import type { OpenStore } from './open-store.ts';
import type { Batch, Format } from './operations.ts';

/** What a posted body is an event of. */
export const postedModes = ['data', 'notification'] as const;

export type Told = {
  path: string;
  format: Format;
  /** Who posted it. */
  component: string;
  /** The body as JSON text, asked for only where somebody observes. */
  json: () => string;
  /** The body as it came; of JSON with something behind it, without that. */
  posted: Uint8Array | string;
};

/** Resolves when it is on its way: what observers are told goes out in microtasks, which stand before those that follow. */
export async function tellPosted({ marks, observers }: OpenStore, told: Told): Promise<void> {
  const { path, format, component, json, posted } = told;
  const timestamp = Date.now();
  for (const mode of postedModes) marks.count(mode);
  if (observers.watches('data', path)) {
    observers.tell({ mode: 'data', timestamp, path, format, json: json(), body: posted });
  }
  if (observers.watches('notification', path)) {
    const response = path.replace('request', 'response');
    const event = { timestamp, path, format, json: json(), body: posted };
    observers.tell({ mode: 'notification', ...event, component, response });
  }
  await Promise.resolve();
}

/** Events that are told before other work has its turn: an observer is cut when 256 KiB wait for it. */
const toldAtOnce = 200;

type Many = {
  component: string;
  count: number;
  /** Asked for only where somebody observes. */
  entries: () => Iterable<Pick<Entry, 'timestamp' | 'text'>>;
};

/** Tells of each entry of a series as if it had come alone, and not of all in one go. */
export async function tellEntries(store: OpenStore, { kind, series }: Batch, many: Many): Promise<void> {
  const { component, count, entries } = many;
  const { marks, observers } = store;
  // Who begins to observe while it is told of finds what came before in the store.
  if (!postedModes.some((mode) => observers.any(mode))) {
    return postedModes.forEach((mode) => marks.count(mode, count));
  }
  let told = 0;
  for (const { timestamp, text } of entries()) {
    if (++told % toldAtOnce === 0) await turn();
    const path = timestamp === null ? `/${kind}/${series}` : `/${kind}/${series}/at/${timestamp}`;
    await tellPosted(store, { path, format: 'json', component, json: () => text, posted: text });
  }
}
