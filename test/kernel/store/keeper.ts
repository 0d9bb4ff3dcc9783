/**
 * A process with stores in a folder, on a port that it prints. `/<store>/…` is the store's door; `/:open/<store>`,
 * `/:backup/<store>`, `/:restore/<store>` and `/:problems` are what the manager would ask; `/:grant/<name>` gives the arbiter a
 * permission to keep, `/:grants` lists them.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { createArbiter } from '../../../src/arbiter/index.ts';
import { sendJson, sendProblem } from '../../../src/base/http.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { startStores } from '../../../src/store/index.ts';

const [dir = '', reserve = ''] = process.argv.slice(2);
const stores = await startStores({
  ...{ dir, log: silent, authorise: () => ({ component: 'app', grant: 1 }) },
  ...(reserve !== '' && { reserveBytes: Number(reserve) }),
});
// One that cannot be opened fails alone, as in the box: `/:problems` says why.
for (const name of ['kept', 'other']) await stores.open(name).catch(() => {});
const arbiter = createArbiter({ file: join(dir, 'arbiter.sqlite'), checkAddress: true, log: silent });
if (arbiter.components().length === 0) arbiter.register({ name: 'app', type: 'app', key: 'key' });

async function answer(req: IncomingMessage, res: ServerResponse): Promise<void> {
  const [, first = '', second = ''] = (req.url ?? '').split('/');
  if (first === ':problems') return sendJson(res, 200, stores.problems());
  if (first === ':grants') return sendJson(res, 200, arbiter.grants('app').map(({ path }) => path)); // prettier-ignore
  if (first === ':grant') {
    arbiter.grant('app', { method: 'GET', path: `/${second}`, target: 'kept' }, []);
    return sendJson(res, 200, {});
  }
  if (first === ':open') {
    await stores.open(second);
    return sendJson(res, 200, {});
  }
  if (first === ':backup') {
    const { content } = await stores.backup(second, { component: second, type: 'driver', origin: '' });
    return pipeline(content, res);
  }
  if (first === ':restore') {
    const { setAside } = await stores.restore({ name: second, source: req as AsyncIterable<Buffer>, fits: () => {} });
    return sendJson(res, 200, { setAside });
  }
  req.url = (req.url ?? '').slice(first.length + 1);
  return void stores.handler(first)(req, res);
}

const { port } = await listen({
  ...{ address: '127.0.0.1', port: 0 },
  handler: (req, res) => void answer(req, res).catch((err: unknown) => sendProblem(res, err)),
});
console.log(port);
