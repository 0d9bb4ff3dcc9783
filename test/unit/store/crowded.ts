/** A process with a store that many come to: prints its port and certificate once it listens. */
import { createConnections } from '../../../src/base/connections.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startStores } from '../../../src/store/index.ts';
import { pair } from './harness.ts';

const [dir = '', most = ''] = process.argv.slice(2);
const stores = await startStores({ dir, authorise: () => ({ component: 'app', grant: 1 }), log: silent });
await stores.open('kept');
const tls = await pair();
const connections = createConnections(Number(most));
const { port } = await listen({ address: '0.0.0.0', port: 0, handler: stores.handler('kept'), tls, connections });
console.log(JSON.stringify({ port, ca: tls.cert }));
