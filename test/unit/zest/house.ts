/** A store behind both of its doors, with the tokens of the store's own tests: a component's name is all that it needs. */
import { mkdtempSync, rmSync } from 'node:fs';
import { Agent } from 'node:https';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startStores, type StoreOptions } from '../../../src/store/index.ts';
import { openBook, startDoor } from '../../../src/zest/index.ts';
import { ask, authorise, pair, store, type Ask } from '../store/harness.ts';
import { wellKnown } from './raw.ts';

export async function openStoreDoor(options: Partial<StoreOptions> = {}) {
  await using up = new AsyncDisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'databox-zest-'));
  up.defer(() => rmSync(dir, { recursive: true, force: true }));
  const stores = up.use(await startStores({ dir: join(dir, 'stores'), authorise, log: silent, ...options }));
  await stores.open(store);
  const book = up.use(openBook(join(dir, 'zest.sqlite')));
  const door = up.use(
    await startDoor({
      ...{
        target: store,
        address: '127.0.0.1',
        caller: '127.0.0.1',
        port: 0,
        pushPort: 0,
        secretKey: wellKnown.secretKey,
      },
      ...{ service: stores.wire(store), page: book.of(store), log: silent },
    }),
  );
  const tls = await pair();
  const https = up.use(await listen({ address: '127.0.0.1', port: 0, handler: stores.handler(store), tls }));
  const agent = new Agent({ keepAlive: true, ca: tls.cert });
  up.defer(() => agent.destroy());
  const rest = { port: https.port, agent };
  const way = up.move();
  return {
    stores,
    bookFile: join(dir, 'zest.sqlite'),
    rest: { ...rest, ask: (asked: Ask) => ask(rest, asked) },
    port: door.port,
    pushPort: door.pushPort,
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}
