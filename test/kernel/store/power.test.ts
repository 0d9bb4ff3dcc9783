/** S09: the power goes. What the disk has at that moment is mounted: every answer that was given holds, and nothing is broken. */
import { jest } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { copyFileSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { keep, type Keeper } from './disk.ts';

jest.setTimeout(600_000);

/** With DATABOX_TEST_FULL=1 the whole number that is promised. */
const rounds = process.env['DATABOX_TEST_FULL'] ? 50 : 4;
const writers = 8;

let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'databox-power-'))));
afterEach(() => rmSync(dir, { recursive: true }));

function makeDisk(): string {
  const image = join(dir, 'disk');
  writeFileSync(image, '');
  truncateSync(image, 48 * 1024 * 1024);
  execFileSync('mkfs.ext4', ['-q', '-F', image]);
  return image;
}

const sum = (file: string): string => createHash('sha256').update(readFileSync(file)).digest('hex');

/**
 * What is on the disk at this moment, and what the machine only had in mind is not. Nobody writes while it is taken, and
 * whether the kernel did is seen by taking it twice: a torn copy would be what no cut leaves.
 */
async function cut(image: string, to: string): Promise<void> {
  for (let tries = 0; tries < 20; tries++) {
    copyFileSync(image, to);
    const before = sum(to);
    if (before === sum(image)) return;
    await sleep(50);
  }
  throw new Error('the kernel writes all the time');
}

type Said = { values: number[]; grants: string[] };

/** Writes points and permissions until it is told to stop. `said` has what was acknowledged so far. */
function work(it: Keeper, said: Said, from: number) {
  let stopped = false;
  let next = from;
  const points = async (): Promise<void> => {
    for (let value = next++; !stopped; value = next++) if ((await it.write(value)) === 201) said.values.push(value);
  };
  const permissions = async (): Promise<void> => {
    for (let name = next++; !stopped; name = next++) {
      if ((await it.ask(`/:grant/${name}`)).status === 200) said.grants.push(`/${name}`);
    }
  };
  const all = Promise.all([...Array.from({ length: writers }, points), permissions()]);
  return async (): Promise<void> => {
    stopped = true;
    await all;
  };
}

test('S09 the power goes at any moment: what was acknowledged is there, and every file is whole', async () => {
  const image = makeDisk();
  const [place, later] = [mkdtempSync(join(dir, 'place-')), mkdtempSync(join(dir, 'later-'))];
  await using it = await keep({ dir: place, image });
  const said: Said = { values: [], grants: [] };
  const stop = work(it, said, 0);
  for (let round = 0; round < rounds; round++) {
    await sleep(100 + Math.random() * 400);
    it.signal('SIGSTOP');
    // What it answered before that is on its way, or has come: it counts in both cases, here as far as it has come.
    await sleep(20);
    const held: Said = { values: [...said.values], grants: [...said.grants] };
    await cut(image, join(dir, 'cut'));
    it.signal('SIGCONT');
    await using after = await keep({ dir: later, image: join(dir, 'cut') });
    const values = await after.values();
    const grants = JSON.parse(String((await after.ask('/:grants')).bytes)) as string[];
    expect([round, held.values.filter((value) => !values.includes(value))]).toEqual([round, []]);
    expect(held.grants.filter((path) => !grants.includes(path))).toEqual([]);
    expect(new Set(values).size).toBe(values.length);
    // A backup is a copy that SQLite has checked whole.
    expect([(await after.ask('/:backup/kept')).status, await after.problems()]).toEqual([200, []]);
    expect(await after.write(1_000_000_000)).toBe(201);
    expect(held.values.length).toBeGreaterThan(round);
  }
  await stop();
});
