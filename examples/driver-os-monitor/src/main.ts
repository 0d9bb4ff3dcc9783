/** driver-os-monitor — writes the load and the free memory of this machine to its store, every second. */
import { setTimeout } from 'node:timers/promises';
// In a project of your own: from 'databox/client'.
import { connect, retry, type StoreClient } from '../../../src/client/index.ts';
import { datasources, measure } from './measure.ts';
import { page } from './page.ts';
import { html, json, serve, text } from './web.ts';

const box = connect();
const store = box.store();
const stop = new AbortController();
for (const name of ['SIGINT', 'SIGTERM'] as const) process.once(name, () => stop.abort());

/** What the page shows. */
const now = { rounds: 0, interruptions: 0, values: measure() };

const server = serve(
  {
    'GET /status': () => text('active'),
    'GET /ui': () => html(page),
    'GET /ui/values': () => json(now),
  },
  box.httpsCredentials(),
);

async function register(to: StoreClient): Promise<void> {
  for (const metadata of datasources) await to.registerDatasource(metadata);
}

async function write(to: StoreClient, values: Record<string, number>): Promise<void> {
  await Promise.all(
    datasources.map(({ dataSourceId: id, storeType }) => {
      const value = values[id] ?? 0;
      return storeType === 'ts' ? to.ts.write(id, { value }) : to.tsBlob.write(id, { value });
    }),
  );
}

/** Whatever the reason, the box may mend it: a driver that gives up would need its owner. */
const patient = {
  signal: stop.signal,
  isPassing: () => true,
  onFailure: (err: unknown) => console.error(`waiting for the store: ${String(err)}`),
};

try {
  while (!stop.signal.aborted) {
    // Also after an interruption: registering again changes nothing, and the store may be a new one.
    await retry(() => register(store), patient);
    console.log(`writing ${datasources.length} datasources to ${store.name}`);
    try {
      for (;;) {
        now.values = measure();
        await write(store, now.values);
        now.rounds++;
        await setTimeout(1_000 - (Date.now() % 1_000), undefined, { signal: stop.signal });
      }
    } catch (err) {
      if (stop.signal.aborted) break;
      now.interruptions++;
      console.error(`interrupted: ${String(err)}`);
    }
  }
} catch (err) {
  if (!stop.signal.aborted) throw err;
} finally {
  server.close();
  server.closeAllConnections();
  box[Symbol.dispose]();
}
