/** What observers are told of a posted body. */
import type { OpenStore } from './open-store.ts';
import type { Format } from './operations.ts';

/** What a posted body is an event of. */
export const postedModes = ['data', 'notification'] as const;

export type Told = {
  path: string;
  format: Format;
  /** Who posted it. */
  component: string;
  /** The body as JSON text, asked for only where somebody observes. */
  json: () => string;
};

/** Resolves when it is on its way: what observers are told goes out in microtasks, which stand before those that follow. */
export async function tellPosted({ marks, observers }: OpenStore, told: Told): Promise<void> {
  const { path, format, component, json } = told;
  const timestamp = Date.now();
  for (const mode of postedModes) marks.count(mode);
  if (observers.watches('data', path)) observers.tell({ mode: 'data', timestamp, path, format, json: json() });
  if (observers.watches('notification', path)) {
    const response = path.replace('request', 'response');
    observers.tell({ mode: 'notification', timestamp, path, format, json: json(), component, response });
  }
  await Promise.resolve();
}
