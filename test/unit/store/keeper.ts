/** A process that keeps a store until it is killed: prints its port once it listens. */
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startStores } from '../../../src/store/index.ts';

const stores = await startStores({
  dir: process.argv[2] ?? '',
  authorise: () => ({ component: 'app', grant: 1 }),
  log: silent,
  // Few enough to be at it when it is killed.
  sealing: { batch: 2, rows: 8, keep: 4 },
});
await stores.open('kept');
const { port } = await listen({ address: '127.0.0.1', port: 0, handler: stores.handler('kept') });
console.log(port);
