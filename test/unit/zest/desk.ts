/**
 * An author’s desk in a process of its own. Arguments: its state folder, and the ports of its store, 0 for free ones.
 * Says what `databox dev` says; at SIGUSR2 what it holds once all that can be collected is, in bytes.
 */
import { loadConfig } from '../../../src/base/config.ts';
import { createLog } from '../../../src/base/log.ts';
import { startDesk } from '../../../src/dev.ts';

const [dir = '', port = '0', pushPort = '0'] = process.argv.slice(2);
const stop = new AbortController();
const free = { port: 0, pushPort: 0 };
const desk = await startDesk({
  config: loadConfig({ flags: { 'state.dir': dir, 'appstore.repositories': [] } }),
  ...{ log: createLog('error'), signal: stop.signal, port: 0 },
  zest: { arbiter: free, openStore: free, store: { port: Number(port), pushPort: Number(pushPort) } },
});
process.once('SIGTERM', () => {
  stop.abort();
  void desk[Symbol.asyncDispose]().then(() => process.exit());
});
process.on('SIGUSR2', () => {
  globalThis.gc?.();
  // What natives hold for objects that were collected is given back a turn later.
  setImmediate(() => {
    globalThis.gc?.();
    const { heapUsed, external } = process.memoryUsage();
    console.log(JSON.stringify({ heldBytes: heapUsed + external }));
  });
});
console.log(JSON.stringify({ testMode: desk.testMode }));
