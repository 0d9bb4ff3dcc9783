/** A small target behind a door: what is posted is kept and told; /held is answered once it is released. */
import { Failure } from '../../../src/base/errors.ts';
import { silent } from '../../../src/base/log.ts';
import { openBook, startDoor, type Observer, type Service } from '../../../src/zest/index.ts';
import { wellKnown } from './raw.ts';

export function createTarget() {
  const values = new Map<string, Buffer>();
  const observers = new Set<{ path: string; observer: Observer }>();
  const asked: string[] = [];
  const held = Promise.withResolvers<void>();
  const authorise = (token: string): void => {
    if (token === 'forged') throw new Failure('token.invalid', 'not ours');
  };
  const tell = (path: string, body: Buffer): void => {
    for (const one of observers) {
      if (one.path === path) one.observer.tell({ mode: 'data', timestamp: 1, path, format: 'json', body });
    }
  };
  const service: Service = {
    async ask({ token, method, path, body }) {
      authorise(token);
      asked.push(path);
      if (path === '/held') await held.promise;
      if (path === '/defect') throw new TypeError('a defect');
      if (method === 'DELETE') return { did: 'deleted' };
      if (method === 'POST') {
        values.set(path, body);
        tell(path, body);
        return { did: 'created' };
      }
      return { did: 'content', format: 'json', body: values.get(path) ?? '{}' };
    },
    observe({ token, path }, { observer }) {
      authorise(token);
      const one = { path, observer };
      observers.add(one);
      return { component: 'app1', stop: () => void observers.delete(one) };
    },
  };
  return { service, observers, asked, tell, release: held.resolve };
}

/** @param file  what is remembered over a restart */
export async function openTarget({ file = ':memory:', target = createTarget(), port = 0, pushPort = 0 } = {}) {
  await using up = new AsyncDisposableStack();
  const book = up.use(openBook(file));
  const door = up.use(
    await startDoor({
      ...{ target: 'store', address: '127.0.0.1', caller: '127.0.0.1', port, pushPort, secretKey: wellKnown.secretKey },
      ...{ service: target.service, page: book.of('store'), log: silent },
    }),
  );
  const way = up.move();
  return {
    ...target,
    port: door.port,
    pushPort: door.pushPort,
    rows: () => book.of('store').rows(),
    [Symbol.asyncDispose]: () => way.disposeAsync(),
  };
}
