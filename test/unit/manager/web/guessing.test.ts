import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { sayOnConsole } from '../../../../src/manager/web/console.ts';
import { openPassword } from '../../../../src/manager/web/password.ts';
import { absoluteMs, createSessions, idleMs } from '../../../../src/manager/web/sessions.ts';
import { createThrottle } from '../../../../src/manager/web/throttle.ts';
import { password, startBox } from './box.ts';

const admitted = (throttle: ReturnType<typeof createThrottle>, source: string): boolean => {
  try {
    throttle.admit(source);
    return true;
  } catch {
    return false;
  }
};

describe('U02 guessing', () => {
  test('1,000 passwords from one source: few are looked at, and forwarding headers help nothing', async () => {
    await using box = await startBox();
    const guess = (at: number) =>
      box.ask('/api/connect', {
        headers: {
          authorization: `Token wrong-${at}`,
          'x-forwarded-for': `10.0.0.${at % 250}`,
          forwarded: `for=10.1.0.${at}`,
        },
      });
    const replies = [];
    for (let at = 0; at < 100; at += 20)
      replies.push(...(await Promise.all(Array.from({ length: 20 }, (_, n) => guess(at + n)))));
    const looked = replies.filter(({ status }) => status === 401);
    const slowed = replies.filter(({ status }) => status === 429);
    expect(looked.length).toBeLessThanOrEqual(8);
    expect(looked.length + slowed.length).toBe(100);
    expect(Number(slowed[0]?.headers['retry-after'])).toBeGreaterThan(0);
    // The right one has to wait as well: a guesser learns nothing from it.
    expect((await box.ask('/api/connect', { headers: { authorization: `Token ${password}` } })).status).toBe(429);
    // Another device is not held up.
    const other = await box.ask('/api/connect', { headers: { authorization: `Token ${password}` }, from: '127.0.0.9' });
    expect(other.body).toBe('connected');
  });

  test('a source waits 1, 2, 4 … 60 s, never longer, and attempts in the wait do not lengthen it', () => {
    let now = 0;
    const throttle = createThrottle(() => now);
    for (let at = 0; at < 5; at++) expect(admitted(throttle, 'a')).toBe(true);
    const waits = [];
    for (let round = 0; round < 9; round++) {
      const since = now;
      while (!admitted(throttle, 'a')) now += 1_000;
      waits.push((now - since) / 1_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 16, 32, 60, 60, 60]);
  });

  test('all strangers together have 50, then one a second; the owner’s own device does not queue with them', () => {
    let now = 0;
    const throttle = createThrottle(() => now);
    throttle.admit('owner');
    throttle.succeeded('owner');
    const many = (n: number) =>
      Array.from({ length: n }, (_, at) => admitted(throttle, `10.0.${n}.${at}`)).filter(Boolean).length;
    expect(many(1_000)).toBe(49);
    now += 3_000;
    expect(many(1_001)).toBe(3);
    expect(admitted(throttle, 'owner')).toBe(true);
  });

  test('the owner is not locked out for good', () => {
    let now = 0;
    const throttle = createThrottle(() => now);
    for (let at = 0; at < 10_000; at++) admitted(throttle, `10.0.${at >> 8}.${at & 255}`);
    now += 60_000;
    expect(admitted(throttle, '10.0.0.0')).toBe(true);
  });
});

describe('U03 sessions end on the server', () => {
  const cookieOf = (set: string): string => set.split(';')[0] ?? '';
  test.each([
    ['idle', idleMs, 1],
    ['absolute, however busy', absoluteMs, 1_000],
  ])('%s', (_name, afterMs, uses) => {
    let now = 0;
    using sessions = createSessions(() => now);
    const cookie = cookieOf(sessions.open());
    const session = sessions.find(cookie);
    for (let use = 0; use < uses; use++) {
      expect(sessions.find(cookie)).toBe(session);
      now += afterMs / uses;
    }
    expect(sessions.find(cookie)).toBeUndefined();
    expect(session?.ended.aborted).toBe(true);
  });
  test('all of them when the box stops', () => {
    const sessions = createSessions();
    const session = sessions.find(cookieOf(sessions.open()));
    sessions[Symbol.dispose]();
    expect([session?.ended.aborted, sessions.size]).toEqual([true, 0]);
  });
  test('the oldest makes room: log-ins cannot fill the memory', () => {
    using sessions = createSessions();
    const first = cookieOf(sessions.open());
    for (let at = 0; at < 1_000; at++) sessions.open();
    expect([sessions.size, sessions.find(first)]).toEqual([1_000, undefined]);
  });
});

describe('password', () => {
  let dir: string;
  beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'dbx-password-'))));
  afterEach(() => rmSync(dir, { recursive: true, force: true }));
  const none = { 'owner.password': undefined, 'owner.password-file': undefined };

  test('is made once and known again after a restart', async () => {
    const said: string[] = [];
    const announce = (first: { password: string }): void => void said.push(first.password);
    await openPassword({ config: none, dir, announce });
    const again = await openPassword({ config: none, dir, announce });
    expect(said).toHaveLength(1);
    expect(await again.verify(said[0]!)).toBe(true);
    expect(await again.verify(`${said[0]} `)).toBe(false);
  });
  test('is shown on a terminal, and to a journal only where it is', () => {
    const first = { password: 'very secret', file: '/x/first-password' };
    const said = (isTTY: boolean): string => {
      let text = '';
      sayOnConsole({ isTTY, write: (part: string) => (text += part) })(first);
      return text;
    };
    expect(said(true)).toContain('very secret');
    expect(said(false)).toBe('The owner’s first password is in /x/first-password\n');
  });
  test('of a file is its first line', async () => {
    const file = join(dir, 'mine');
    writeFileSync(file, 'pass wörd 1\nnot this\n');
    const mine = await openPassword({ config: { ...none, 'owner.password-file': file }, dir, announce: () => {} });
    expect([await mine.verify('pass wörd 1'), await mine.verify('not this')]).toEqual([true, false]);
  });
  test.each(['short\n', ''])('file %j ends the start', async (text) => {
    const file = join(dir, 'mine');
    writeFileSync(file, text);
    const opening = openPassword({ config: { ...none, 'owner.password-file': file }, dir, announce: () => {} });
    await expect(opening).rejects.toMatchObject({ code: 'config.invalid' });
  });
  test('hash that is damaged ends the start rather than opening the door', async () => {
    writeFileSync(join(dir, 'password.json'), '{}');
    await expect(openPassword({ config: none, dir, announce: () => {} })).rejects.toMatchObject({
      code: 'config.invalid',
    });
  });
});
