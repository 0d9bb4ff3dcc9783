/** The order and the fate of changes. The worker is a list here: what reaches the kernel is test/kernel's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/base/errors.ts';
import { silent } from '../../../src/base/log.ts';
import { openBook } from '../../../src/network/book.ts';
import { createChanges, type ChangesOptions } from '../../../src/network/changes.ts';
import { connected, disconnected, withComponent, withService } from '../../../src/network/policy.ts';

const fault = new Failure('network.refused', 'the kernel takes no rules');
const flow = { src: '10.196.1.2', dst: '10.196.1.253' };

async function start() {
  using up = new DisposableStack();
  const dir = mkdtempSync(join(tmpdir(), 'changes-'));
  up.defer(() => rmSync(dir, { recursive: true }));
  const book = up.use(openBook(join(dir, 'book.sqlite')));
  book.usePool('10.196.0.0/16');
  book.subnetOf('app-x');
  const calls: [string, unknown][] = [];
  let broken = '';
  const worker = {
    call: (method: string, argument: unknown) => {
      calls.push([method, argument]);
      return method === broken ? Promise.reject(fault) : Promise.resolve(0);
    },
  } as unknown as ChangesOptions['worker'];
  const changes = createChanges({ book, worker, log: silent, resetSockets: () => 0 });
  const place = { name: 'app-x', bridge: 'dbx-nowhere0', gateway: '10.196.1.1', address: flow.src };
  await changes.make((policy) =>
    connected(
      withService(withComponent(policy, place), {
        ...{ name: 'store', address: '10.196.0.2', ports: new Map([[8080, 40_000]]) },
      }),
      'app-x',
      [{ kind: 'service', name: 'store' }],
    ),
  );
  const way = up.move();
  return {
    changes,
    breaks: (method: string) => (broken = method),
    /** Pairs that were cut since the last look. */
    cut: () => calls.splice(0).flatMap(([method, argument]) => (method === 'settle' ? (argument as unknown[]) : [])),
    swapped: () => calls.some(([method]) => method === 'swap'),
    [Symbol.dispose]: () => way.dispose(),
  };
}

test('what was withdrawn and could not be cut is cut by the next change, also by one that changes nothing', async () => {
  using it = await start();
  it.breaks('settle');
  await expect(it.changes.make((policy) => disconnected(policy, 'app-x'))).rejects.toBe(fault);
  expect(it.changes.tables().transport.size).toBe(0);
  it.breaks('');
  it.cut();
  await it.changes.make((policy) => policy);
  expect(it.cut()).toEqual([flow]);
  await it.changes.make((policy) => policy);
  expect(it.cut()).toEqual([]);
});

test('what is given and cannot be had is taken back', async () => {
  using it = await start();
  await it.changes.make((policy) => disconnected(policy, 'app-x'));
  it.breaks('settle');
  const give = it.changes.make((policy) => connected(policy, 'app-x', [{ kind: 'service', name: 'store' }]));
  await expect(give).rejects.toBe(fault);
  expect(it.changes.tables().transport.size).toBe(0);
});

test('addresses that cannot be looked at do not hold a withdrawal up', async () => {
  using it = await start();
  it.cut();
  const { PATH } = process.env;
  process.env['PATH'] = '/nowhere';
  try {
    await expect(it.changes.make((policy) => disconnected(policy, 'app-x'))).rejects.toMatchObject({
      code: 'network.refused',
    });
  } finally {
    process.env['PATH'] = PATH;
  }
  expect(it.swapped()).toBe(true);
  expect(it.cut()).toEqual([flow]);
});
