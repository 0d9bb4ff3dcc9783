/**
 * A process with the arbiter and one store behind HTTPS, as a component meets them. Arguments: a folder, the certificate
 * as JSON, and options: `each` takes one request at a time, so that each is committed alone; `open` asks for no token;
 * `ledger` counts who uses what, and writes that down each second; `zest` serves the original's protocol too.
 * Says `{port, tokens}`, a token for each method, and `zest`, where that is served: in a box, through a gate, and at a desk;
 * answers a line with the main thread's p99 delay since the last, in ms.
 */
import { flushCompileCache } from 'node:module';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createInterface } from 'node:readline';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { createConnections } from '../../../src/base/connections.ts';
import { listen, type Handler, type Tls } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { settle } from '../../../src/base/memory.ts';
import { startLedger } from '../../../src/ledger/index.ts';
import { methods } from '../../../src/base/names.ts';
import { startStores } from '../../../src/store/index.ts';
import { openBook, startDoor, startGate } from '../../../src/zest/index.ts';
import { wellKnown } from '../../unit/zest/raw.ts';
import { owner, store } from './names.ts';

const [dir = '', tls = '', ...options] = process.argv.slice(2);
const address = '127.0.0.1';
const arbiter = createArbiter({ file: join(dir, 'arbiter.sqlite'), checkAddress: true, log: silent });
arbiter.register({ name: owner, type: 'driver', key: 'key', address });
arbiter.register({ name: store, type: 'store', key: 'other key' });
const tokens = methods.map((method) => {
  arbiter.grant(owner, { method, path: '/*', target: store }, []);
  return [method, arbiter.mint(owner, { method, path: '/*', target: store, caveats: [] }, 'rest')] as const;
});
const open = () => ({ component: owner, grant: 1 });
const authorise = options.includes('open') ? open : arbiter.verify;
const ledger = options.includes('ledger')
  ? startLedger({ dir: join(dir, 'ledger'), log: silent, flushMs: 1_000 })
  : undefined;
const stores = await startStores({
  ...{ dir: join(dir, 'stores'), authorise, log: silent },
  ...(ledger && { ledger: { ...ledger, refused: () => Promise.resolve() } }),
});
await stores.open(store);

function oneAtATime(handler: Handler): Handler {
  let last = Promise.resolve();
  return (req, res) => {
    last = last.then(() => {
      if (res.destroyed) return;
      const { promise, resolve } = Promise.withResolvers<void>();
      res.once('close', resolve);
      handler(req, res);
      return promise;
    });
  };
}

const handler = stores.handler(store);
const { port } = await listen({
  ...{ address, port: 0, handler: options.includes('each') ? oneAtATime(handler) : handler },
  tls: JSON.parse(tls) as Tls,
});
const zest = options.includes('zest') ? await openZest() : undefined;

async function openZest() {
  const { secretKey, publicKey } = wellKnown;
  const book = openBook(join(dir, 'zest.sqlite'));
  const common = { address, secretKey, target: store, service: stores.wire(store), log: silent };
  const gate = await startGate({
    ...{ ...common, page: book.of('gate'), dir, nameOf: () => owner },
    ...{ connections: createConnections(1_000), onRefused: () => {} },
  });
  const door = await startDoor({ ...common, caller: address, port: 0, pushPort: 0, page: book.of('desk') });
  return { box: { port: gate.port, publicKey }, desk: { port: door.port, publicKey } };
}

// It is ended by a signal, which would leave the cache unwritten: with it no compiler is loaded, as in the single binary.
flushCompileCache();
// What a box does soon after its start.
await settle(new AbortController().signal, 0);
console.log(JSON.stringify({ port, tokens: Object.fromEntries(tokens), zest }));

const delay = monitorEventLoopDelay({ resolution: 1 });
delay.enable();
createInterface({ input: process.stdin }).on('line', (asked) => {
  console.log(JSON.stringify({ asked, delayMs: delay.percentile(99) / 1e6 }));
  delay.reset();
});
