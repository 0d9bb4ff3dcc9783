/** An arbiter behind both of its doors, with a store, an app that may a little, two with one key, and one who manages. */
import { createArbiter } from '../../../src/arbiter/index.ts';
import { listen } from '../../../src/base/listen.ts';
import { silent } from '../../../src/base/log.ts';
import { openBook, startDoor } from '../../../src/zest/index.ts';
import { target } from './cases.arbiter.ts';
import { wellKnown } from './raw.ts';

export const loopback = '127.0.0.1';

export async function openArbiter() {
  await using up = new AsyncDisposableStack();
  const arbiter = up.use(createArbiter({ file: ':memory:', checkAddress: false, log: silent }));
  arbiter.register({ name: target, type: 'store', key: 'store key' });
  arbiter.register({ name: 'app', type: 'app', key: 'app key' });
  arbiter.register({ name: 'twin', type: 'app', key: 'twins' });
  arbiter.register({ name: 'other-twin', type: 'app', key: 'twins' });
  arbiter.register({ name: 'other-store', type: 'store', key: 'other store key' });
  arbiter.register({ name: 'guest', type: 'app', key: 'manage' });
  arbiter.grant('app', { method: 'GET', path: '/kv/*', target }, []);
  arbiter.grant('app', { method: 'POST', path: '/lp/export', target }, [{ destination: 'https://a.example/' }]);
  arbiter.grant('guest', { method: 'GET', path: '/*', target }, []);
  const wire = arbiter.wire({ managementKey: 'manage', guest: 'guest', aliases: { localhost: target } });
  const book = up.use(openBook(':memory:'));
  const door = up.use(
    await startDoor({
      ...{ target: 'arbiter', address: loopback, caller: loopback, port: 0, pushPort: 0 },
      ...{ secretKey: wellKnown.secretKey },
      ...{ service: wire, page: book.of('arbiter'), log: silent },
    }),
  );
  const rest = up.use(await listen({ address: loopback, port: 0, handler: arbiter.handler }));
  const way = up.move();
  const { port, pushPort } = door;
  return { arbiter, rest, port, pushPort, [Symbol.asyncDispose]: () => way.disposeAsync() };
}
