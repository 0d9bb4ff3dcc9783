/** Runs in the box: the real network part with one service, a sink that counts bytes, and one component. */
import { createServer, type AddressInfo } from 'node:net';
import { loadConfig } from '../../../src/base/config.ts';
import { silent } from '../../../src/base/log.ts';
import { startNetwork } from '../../../src/network/index.ts';

const [dockerHost = '', dir = ''] = process.argv.slice(2);
const stop = new AbortController();
const config = loadConfig({ flags: { 'docker.host': dockerHost, 'network.flows-per-second': 100_000 } });
const resetSockets = () => 0;
const network = await startNetwork({ config, log: silent, dir, signal: stop.signal, resetSockets });

const address = await network.addService('sink');
const sink = createServer((socket) => {
  let bytes = 0;
  socket.on('data', (chunk) => (bytes += chunk.length));
  // The sender's clock stops when the last byte has arrived, not when it has been buffered.
  socket.on('end', () => socket.end(String(bytes)));
  socket.on('error', () => socket.destroy());
});
await new Promise<void>((ready) => sink.listen(0, address, ready));
const { port } = sink.address() as AddressInfo;
await network.publish('sink', { 8080: port });
const place = await network.addComponent('bench');
await network.connect('bench', [{ kind: 'service', name: 'sink' }]);
console.log(JSON.stringify({ place, sink: { address, port } }));

process.stdin.resume().once('end', () => {
  sink.close();
  void network[Symbol.asyncDispose]().then(() => process.exit(0));
});
