import { jest } from '@jest/globals';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { buildNative } from '../../../build/native.ts';
import { createLog, silent } from '../../../src/base/log.ts';
import { startWorker } from '../../../src/base/worker.ts';
import { announce, takeEnvironment } from '../../../src/systemd/index.ts';
import { createNotify } from '../../../src/systemd/notify.ts';
import { line, sentenceOf } from '../../../src/systemd/sentence.ts';
import { feedWatchdog, limitOf } from '../../../src/systemd/watchdog.ts';
import { startManager } from './manager.ts';
import type { ThreadHandlers } from './thread.ts';

buildNative('notify');
jest.setTimeout(30_000);
let count = 0;
const abstract = (): string => `@databox-test-${process.pid}-${count++}`;
const path = (): string => join(mkdtempSync(join(tmpdir(), 'dbx-notify-')), 'notify');
/** What the listener's process and its messages need goes on. */
const notOfIntervals = ['setTimeout', 'setImmediate', 'nextTick', 'queueMicrotask', 'Date', 'performance'] as const;
const well = { healthy: true, problems: [], components: { running: 2, waiting: 1, failed: 0 } };

describe('the socket', () => {
  test.each([
    ['abstract', abstract],
    ['by path', path],
  ])('%s hears what is said', async (_claim, address) => {
    await using manager = await startManager(address());
    createNotify(manager.address)('STATUS=Übung\nREADY=1');
    expect(await manager.line(/READY=1/)).toEqual(['STATUS=Übung', 'READY=1']);
  });
  test('that nobody has is an error, and so is an address or a message that does not fit', () => {
    expect(() => createNotify(abstract())('READY=1')).toThrow(/refused/);
    expect(() => createNotify(path())('READY=1')).toThrow(/No such file/);
    expect(() => createNotify('vsock:2:1')('READY=1')).toThrow(/not the address/);
    expect(() => createNotify(`@${'a'.repeat(200)}`)('READY=1')).toThrow(/too long/);
    expect(() => createNotify(abstract())('x'.repeat(5_000))).toThrow(/too long/);
  });
  test('that is not named hears nothing, and is no error', () => {
    for (const address of [undefined, '']) expect(createNotify(address)('READY=1')).toBeUndefined();
  });
});

describe('a life', () => {
  test('is starting, ready, watched over, stopping, in this order', async () => {
    await using manager = await startManager(abstract());
    const environment = { NOTIFY_SOCKET: manager.address, WATCHDOG_USEC: '90000', WATCHDOG_PID: `${process.pid}` };
    {
      using service = announce({ environment, log: silent, pid: process.pid });
      expect(await manager.line(/STATUS=/)).toEqual(['STATUS=starting', 'EXTEND_TIMEOUT_USEC=60000000']);
      await service.ready({ status: () => Promise.resolve(well), threads: {} });
      await manager.line(/WATCHDOG=1/);
      service.stopping();
      await manager.line(/STOPPING=1/);
    }
    const after = manager.heard.length;
    await sleep(150);
    expect(manager.heard).toHaveLength(after);
    const order = manager.heard
      .map(([first = '']) => first.replace(/^STATUS=/, ''))
      .filter((word, at, all) => all[at - 1] !== word);
    expect(order).toEqual(['starting', 'READY=1', 'WATCHDOG=1', 'STOPPING=1']);
    expect(await manager.line(/READY/)).toContain('STATUS=ready with 3 components: 2 running, 1 waiting');
  });
  test('that never begins asks for more time for ten minutes, says so in the log, and asks no more', async () => {
    await using manager = await startManager(abstract());
    const logged: string[] = [];
    const log = createLog('info', false, { write: (text) => logged.push(text) });
    jest.useFakeTimers({ doNotFake: [...notOfIntervals] });
    try {
      using service = announce({ environment: { NOTIFY_SOCKET: manager.address }, log, pid: process.pid });
      jest.advanceTimersByTime(600_000);
      expect(logged).toEqual([]);
      // As many as the listener takes while nobody reads what it heard.
      jest.advanceTimersByTime(100_000);
      service.stopping();
    } finally {
      jest.useRealTimers();
    }
    await manager.line(/STOPPING=1/);
    // Of the first message too, which says that it starts.
    expect(manager.heard.filter((said) => said.includes('EXTEND_TIMEOUT_USEC=60000000'))).toHaveLength(31);
    expect(logged).toEqual([expect.stringContaining('the start takes too long')]);
  });
  test('is nobody’s business without a service manager', async () => {
    using service = announce({ environment: {}, log: silent, pid: 1 });
    await service.ready({ status: () => Promise.reject(new Error('not asked')), threads: {} });
    service.stopping('reason');
  });
  test('of somebody else’s watchdog is not ours to feed', () => {
    expect([limitOf('6000', '7', 7), limitOf('6000', undefined, 7), limitOf('6000', '8', 7)]).toEqual([
      6,
      6,
      undefined,
    ]);
    expect([limitOf(undefined, '7', 7), limitOf('0', '7', 7), limitOf('x', '7', 7)]).toEqual([
      undefined,
      undefined,
      undefined,
    ]);
  });
  test('leaves nothing of it in the environment of the programs that it starts', () => {
    const env: Record<string, string> = { NOTIFY_SOCKET: '@a', WATCHDOG_USEC: '1', WATCHDOG_PID: '2', PATH: '/bin' };
    expect(takeEnvironment(env)).toEqual({ NOTIFY_SOCKET: '@a', WATCHDOG_USEC: '1', WATCHDOG_PID: '2' });
    expect(env).toEqual({ PATH: '/bin' });
  });
});

test('a frozen thread is not fed over, is named in the log, and is forgiven when it turns again', async () => {
  await using manager = await startManager(abstract());
  await using frozen = startWorker<ThreadHandlers>(new URL('./thread.ts', import.meta.url), null);
  await using sound = startWorker<ThreadHandlers>(new URL('./thread.ts', import.meta.url), null);
  const logged: string[] = [];
  const over = new AbortController();
  const fed = feedWatchdog({
    limitMs: 150,
    threads: { frozen: () => frozen.answers(), sound: () => sound.answers() },
    notify: createNotify(manager.address),
    log: createLog('info', false, { write: (text) => logged.push(text) }),
    signal: over.signal,
  });
  await manager.line(/WATCHDOG=1/);
  const cell = new Int32Array(new SharedArrayBuffer(4));
  const freezing = frozen.call('freeze', cell);
  const complained = () =>
    logged.some((text) => isDeepStrictEqual((JSON.parse(text) as { silent: unknown }).silent, ['frozen']));
  while (!complained()) await sleep(20);
  const before = manager.heard.length;
  await sleep(400);
  expect(manager.heard).toHaveLength(before);
  Atomics.store(cell, 0, 1);
  Atomics.notify(cell, 0);
  await freezing;
  while (manager.heard.length === before) await sleep(20);
  over.abort();
  await fed;
});

describe('the sentence', () => {
  test.each([
    [well, 'ready with 3 components: 2 running, 1 waiting'],
    [{ ...well, components: {} }, 'ready with 0 components'],
    [
      { ...well, components: { failed: 1 }, problems: ['app-y: no image.'] },
      'ready with 1 component: 1 failed; app-y: no image.',
    ],
    [
      { ...well, healthy: false, problems: ['The Docker engine does not answer.'] },
      'degraded: The Docker engine does not answer.',
    ],
    [{ ...well, healthy: false }, 'degraded: the log says why'],
  ])('%#: %s', (condition, expected) => expect(sentenceOf(condition)).toBe(expected));
  test('cannot be ended by what a component says', () => {
    const hostile = { ...well, healthy: false, problems: [`x\nREADY=1\u2028${'y'.repeat(500)}`] };
    expect(sentenceOf(hostile)).toMatch(/^degraded: x\\u000aREADY=1\\u2028y+…$/);
    expect(line('z'.repeat(1_000))).toHaveLength(300);
  });
});
