import { closeSync, fstatSync, openSync } from 'node:fs';
import { isJournal, prefixOf } from '../../../src/base/journal.ts';
import { createLog } from '../../../src/base/log.ts';

test('levels are syslog’s priorities', () =>
  expect([60, 50, 45, 40, 30, 20, 10].map(prefixOf)).toEqual(['<2>', '<3>', '<4>', '<4>', '<6>', '<7>', '<7>']));

test('a stream is the journal’s only while it is that very socket', () => {
  const fd = openSync('/dev/null', 'r');
  const { dev, ino } = fstatSync(fd, { bigint: true });
  expect([isJournal(fd, `${dev}:${ino}`), isJournal(fd, `${dev}:${ino + 1n}`), isJournal(fd, undefined)]).toEqual([
    true,
    false,
    false,
  ]);
  closeSync(fd);
  expect(isJournal(fd, `${dev}:${ino}`)).toBe(false);
});

test('lines for the journal are the same JSON behind their priority, secrets taken out', () => {
  const [journal, plain]: [string[], string[]] = [[], []];
  for (const [lines, isFor] of [
    [journal, true],
    [plain, false],
  ] as const) {
    const log = createLog('debug', isFor, { write: (text) => lines.push(text) });
    log.debug('a');
    log.child({ part: 'network' }).error({ token: 't' }, 'b');
    log.info('c');
  }
  expect(journal.map((text) => text.slice(0, 3))).toEqual(['<7>', '<3>', '<6>']);
  const parsed = (lines: string[], from: number) =>
    lines.map((text) => ({ ...(JSON.parse(text.slice(from)) as object), time: 0 }));
  expect(parsed(journal, 3)).toEqual(parsed(plain, 0));
  expect(parsed(journal, 3)[1]).toMatchObject({ level: 50, part: 'network', msg: 'b', token: '[redacted]' });
  expect(journal.every((text) => text.endsWith('}\n'))).toBe(true);
});
