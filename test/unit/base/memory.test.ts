import { runInNewContext } from 'node:vm';
import { settle } from '../../../src/base/memory.ts';

const never = new AbortController().signal;

test('what nobody holds any more is given back, and programs cannot call the collector afterwards', async () => {
  const gone = new WeakRef(Array.from({ length: 1_000_000 }, (_, at) => ({ at })));
  const before = process.memoryUsage().heapUsed;
  await settle(never, 0);
  expect(gone.deref()).toBeUndefined();
  expect(before - process.memoryUsage().heapUsed).toBeGreaterThan(10e6);
  expect(runInNewContext('typeof gc')).toBe('undefined');
});

test('a stop before the time is none of its business', async () => {
  const stop = new AbortController();
  const settled = settle(stop.signal, 60_000);
  stop.abort();
  await expect(settled).resolves.toBeUndefined();
});
