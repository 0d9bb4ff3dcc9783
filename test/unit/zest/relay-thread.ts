/** relay-thread — a worker that carries a connection, and is terminated in the middle of it. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { parentPort, workerData } from 'node:worker_threads';
import { openRelay } from '../../../src/zest/relay.ts';

const relay = openRelay();
const account = relay.account({ unread: 1_000_000, unsent: 1_000_000, stalledMs: 1_000 });
const entrance = relay.open('127.0.0.1', (connection) => connection.join(workerData as string, account));
const client = connect(entrance.port, '127.0.0.1');
client.write(Buffer.alloc(68));
await once(client, 'data');
parentPort?.postMessage('carried');
setInterval(() => client.write('more'), 1);
