/** The order and the fate of changes. The worker is a list here: what reaches the kernel is test/kernel's. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Failure } from '../../../src/base/errors.ts';
import { silent } from '../../../src/base/log.ts';
import { openBook } from '../../../src/network/book.ts';
import { createChanges, type Changes, type ChangesOptions } from '../../../src/network/changes.ts';
import { connected, disconnected, type Policy, withComponent, withService } from '../../../src/network/policy.ts';

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
  let now = 0;
  const changes = createChanges({ book, worker, log: silent, resetSockets: () => 0, now: () => now });
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
    book,
    wait: (ms: number) => (now += ms),
    breaks: (method: string) => (broken = method),
    /** Pairs that were cut since the last look. */
    cut: () => calls.splice(0).flatMap(([method, argument]) => (method === 'settle' ? (argument as unknown[]) : [])),
    /** How often, since the last `cut`. */
    swaps: () => calls.filter(([method]) => method === 'swap').length,
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

test('what is owed is tried again in time, ever more rarely, and the owner is told until it is done', async () => {
  using it = await start();
  it.breaks('settle');
  await expect(it.changes.make((policy) => disconnected(policy, 'app-x'))).rejects.toBe(fault);
  it.cut();
  const attempts = async (seconds: number) => {
    for (let second = 0; second < seconds; second++) {
      it.wait(1_000);
      await it.changes.tend().catch(() => {});
    }
    return it.cut().length;
  };
  expect([await attempts(60), await attempts(60), await attempts(60)]).toEqual([4, 1, 1]);
  expect(it.changes.problems()).toEqual([
    expect.stringMatching(/^connections of app-x to store may still be open.*no rules/),
  ]);
  it.breaks('');
  expect(await attempts(60)).toBe(1);
  expect(it.changes.problems()).toEqual([]);
  expect(await attempts(600)).toBe(0);
});

test('flows that were to be cut and were not are cut later; their row stays', async () => {
  using it = await start();
  it.breaks('settle');
  await expect(it.changes.cut(() => true)).rejects.toBe(fault);
  it.breaks('');
  it.cut();
  it.wait(5_000);
  await it.changes.tend();
  expect(it.cut()).toEqual([{ ...flow, protocol: 'tcp', port: 8080 }]);
  expect(it.changes.tables().transport.size).toBe(1);
});

test('what is given while something is owed is taken back, too; what has no row yet is withdrawn all the same', async () => {
  using it = await start();
  const names = () => [...(it.changes.tables().resolve.get(flow.src)?.keys() ?? [])];
  await it.changes.make((policy) => connected(policy, 'app-x', [{ kind: 'service', name: 'later' }]));
  it.breaks('settle');
  await expect(it.changes.make((policy) => disconnected(policy, 'app-x', ['later']))).rejects.toBe(fault);
  expect(names()).toEqual(['store']);
  await expect(it.changes.make((policy) => connected(policy, 'app-x', [{ kind: 'service', name: 'b' }]))).rejects.toBe(
    fault,
  );
  expect(names()).toEqual(['store']);
});

test('what is given and cannot be had is taken back', async () => {
  using it = await start();
  await it.changes.make((policy) => disconnected(policy, 'app-x'));
  it.breaks('settle');
  const give = it.changes.make((policy) => connected(policy, 'app-x', [{ kind: 'service', name: 'store' }]));
  await expect(give).rejects.toBe(fault);
  expect(it.changes.tables().transport.size).toBe(0);
});

/** What needs `ip` fails meanwhile. */
async function withoutPrograms(work: () => Promise<void>): Promise<void> {
  const { PATH } = process.env;
  process.env['PATH'] = '/nowhere';
  try {
    await work();
  } finally {
    process.env['PATH'] = PATH;
  }
}

test('addresses that cannot be looked at do not hold a withdrawal up', async () => {
  using it = await start();
  it.cut();
  await it.changes.mistrust();
  await withoutPrograms(() =>
    expect(it.changes.make((policy) => disconnected(policy, 'app-x'))).rejects.toMatchObject({
      code: 'network.refused',
    }),
  );
  expect(it.swaps()).toBe(1);
  expect(it.cut()).toEqual([flow]);
});

test('addresses are looked at again after a bridge was made anew while others changed, and not otherwise', async () => {
  using it = await start();
  const same = () => it.changes.make((policy) => policy);
  await withoutPrograms(same);
  await Promise.all([it.changes.make(gives('a')), it.changes.mistrust()]);
  await withoutPrograms(() => expect(same()).rejects.toMatchObject({ code: 'network.refused' }));
});

test('the address of a withdrawn peer is nobody’s for a while, and its own again when it comes back', async () => {
  using it = await start();
  const peers = (count: number) =>
    Array.from({ length: count }, (_, i) => ({ kind: 'service' as const, name: `p${i}` }));
  const give = (...names: string[]) =>
    it.changes.make((policy) => connected(policy, 'app-x', names.map((name) => ({ kind: 'service', name })))); // prettier-ignore
  const addressOf = (name: string) => it.changes.tables().resolve.get(flow.src)?.get(name);
  await it.changes.make((policy) => connected(policy, 'app-x', peers(250))); // 252 with store and manager: all there are
  await it.changes.make((policy) => disconnected(policy, 'app-x', ['store']));
  await expect(give('other')).rejects.toMatchObject({ code: 'network.exhausted' });
  await give('store');
  expect(addressOf('store')).toBe(flow.dst);
  await it.changes.make((policy) => disconnected(policy, 'app-x', ['store']));
  it.wait(10_001);
  await give('other');
  expect(addressOf('other')).toBe(flow.dst);
});

const named = (...names: string[]) => names.map((name) => ({ kind: 'service' as const, name }));
const gives =
  (...names: string[]) =>
  (policy: Policy) =>
    connected(policy, 'app-x', named(...names));
const takes = (name: string) => (policy: Policy) => disconnected(policy, 'app-x', [name]);
const peers = (it: { changes: Changes }) => [...(it.changes.tables().resolve.get(flow.src)?.keys() ?? [])];

test('changes that wait and withdraw nothing are made in one step', async () => {
  using it = await start();
  it.cut();
  await Promise.all([it.changes.make(gives('a')), it.changes.make(gives('b')), it.changes.make(gives('c'))]);
  expect(peers(it)).toEqual(['store', 'a', 'b', 'c']);
  expect(it.swaps()).toBe(1);
});

test('a withdrawal cuts what was open, also when the same is given again behind it', async () => {
  using it = await start();
  it.cut();
  const all = [gives('a'), takes('store'), gives('store')].map((change) => it.changes.make(change));
  await Promise.all(all);
  expect(peers(it)).toEqual(['a', 'store']);
  expect(it.cut()).toEqual([flow]);
});

test('one of several that wait fails for itself alone', async () => {
  using it = await start();
  const wrong = new Error('wrong');
  const results = await Promise.allSettled([
    it.changes.make(gives('a')),
    it.changes.make(() => {
      throw wrong;
    }),
    it.changes.make(gives('b')),
  ]);
  expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
  expect(results[1]).toMatchObject({ reason: wrong });
  expect(peers(it)).toEqual(['store', 'a', 'b']);
});

test('what the kernel refuses is refused to each that asked for it, and nothing of it stays', async () => {
  using it = await start();
  it.breaks('settle');
  const results = await Promise.allSettled([it.changes.make(gives('a')), it.changes.make(gives('b'))]);
  expect(results).toMatchObject([{ reason: fault }, { reason: fault }]);
  expect(peers(it)).toEqual(['store']);
});
