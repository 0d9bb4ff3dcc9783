/** What a disk may do to stores: S10 full, S11 errors, S12 damage, and M12 a restore that is killed. With real disks and calls. */
import { jest } from '@jest/globals';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import { buildFaults, fail, keep, type Keeper, mend } from './disk.ts';

jest.setTimeout(300_000);

const faults = buildFaults();
afterAll(() => rmSync(faults.dir, { recursive: true }));
let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'databox-disk-'))));
afterEach(() => {
  mend(faults);
  rmSync(dir, { recursive: true });
});

/** Writes until it is refused. @returns what was acknowledged, and the status of the refusal */
async function writeUntilRefused(it: Keeper, from: number): Promise<{ kept: number[]; status: number }> {
  const kept: number[] = [];
  for (let value = from; value < from + 5_000; value++) {
    const status = await it.write(value);
    if (status !== 201) return { kept, status };
    kept.push(value);
  }
  throw new Error('never refused');
}

test.each([
  ['of the reserve that stores leave', undefined],
  ['to the last block', 0],
])('S10 the disk is full %s: 507, reads go on, and freed it works again without a restart', async (_, reserveBytes) => {
  await using it = await keep({ dir, sizeMb: 8, ...(reserveBytes !== undefined && { reserveBytes }) });
  const kept: number[] = [];
  for (let value = 0; value < 50; value++) if ((await it.write(value)) === 201) kept.push(value);
  const filler = join(it.dir, 'filler');
  expect(() => writeFileSync(filler, Buffer.alloc(16 * 1024 * 1024))).toThrow('ENOSPC');
  const refused = await writeUntilRefused(it, 50);
  kept.push(...refused.kept);
  expect(refused.status).toBe(507);
  expect(await it.values()).toEqual(kept);
  expect(await it.problems()).toEqual([expect.stringMatching(/^kept: writes fail, .*full/)]);
  expect((await it.ask('/:backup/kept')).status).toBe(507);
  expect(readdirSync(it.dir).filter((name) => /copy|draft/.test(name))).toEqual([]);
  rmSync(filler);
  // What a look at the disk said holds for a quarter of a second.
  const written = async () => {
    for (let tries = 0; tries < 20; tries++, await sleep(50)) if ((await it.write(9_999)) === 201) return true;
    return false;
  };
  expect(await written()).toBe(true);
  expect(await it.values()).toEqual([...kept, 9_999]);
  expect([await it.problems(), it.isAlive()]).toEqual([[], true]);
});

const { EIO, ENOSPC, EMFILE, EROFS } = constants.errno;
const codes = { EIO, ENOSPC, EMFILE, EROFS };

test.each(Object.entries(codes))(
  'S11 %s: what meets it fails, the owner is told, nothing ends or is lost',
  async (name, code) => {
    const acknowledged: number[] = [];
    {
      await using it = await keep({ dir, faults });
      let value = 0;
      for (; value < 10; value++) if ((await it.write(value)) === 201) acknowledged.push(value);
      const { bytes: backup } = await it.ask('/:backup/kept');
      for (const calls of ['write', 'sync']) {
        fail(faults, { calls, code, folder: dir });
        const statuses = await Promise.all(Array.from({ length: 8 }, () => it.write(1_000 + value++)));
        expect([name, calls, ...new Set(statuses)]).toEqual([
          name,
          calls,
          name === 'ENOSPC' && calls === 'write' ? 507 : 503,
        ]);
        expect(await it.problems()).toEqual([expect.stringMatching(/^kept: writes fail, /)]);
        expect((await it.values()).slice(0, 10)).toEqual(acknowledged.slice(0, 10));
        expect((await it.ask('/:restore/kept', backup)).status).toBeGreaterThanOrEqual(503);
        mend(faults);
        if ((await it.write(value)) === 201) acknowledged.push(value++);
        expect(await it.problems()).toEqual([]);
      }
      fail(faults, { calls: 'open', code, folder: dir });
      expect((await it.ask('/:open/third')).status).toBeGreaterThanOrEqual(503);
      expect((await it.ask('/:backup/kept')).status).toBeGreaterThanOrEqual(503);
      expect(await it.problems()).toEqual([expect.stringMatching(/^third is set aside: /)]);
      mend(faults);
      expect((await it.ask('/:open/third')).status).toBe(200);
      fail(faults, { calls: 'rename', code, folder: dir });
      expect((await it.ask('/:restore/kept', backup)).status).toBeGreaterThanOrEqual(503);
      mend(faults);
      if ((await it.write(value)) === 201) acknowledged.push(value++);
      expect([acknowledged.length, await it.problems(), it.isAlive()]).toEqual([13, [], true]);
    }
    await using it = await keep({ dir });
    const kept = await it.values();
    expect(acknowledged.filter((value) => !kept.includes(value))).toEqual([]);
    expect(readdirSync(dir).filter((file) => !/\.sqlite(-wal|-shm)?$/.test(file))).toEqual([]);
  },
);

test('S12 bytes flipped in one store: it is set aside and told, the rest runs, and a restore mends it', async () => {
  let backup: Buffer;
  {
    await using it = await keep({ dir });
    for (let value = 0; value < 400; value += 50) {
      await Promise.all(Array.from({ length: 50 }, (_, at) => it.write(value + at)));
    }
    await it.write(1, 'other');
    backup = (await it.ask('/:backup/kept')).bytes;
  }
  const file = join(dir, 'kept.sqlite');
  const db = new Database(file);
  db.pragma('wal_checkpoint(TRUNCATE)');
  db.close();
  const bytes = readFileSync(file);
  for (let at = 4_096; at < bytes.length; at++) if (at % 4_096 < 512) bytes[at] = (bytes[at] ?? 0) ^ 0x55;
  writeFileSync(file, bytes);
  await using it = await keep({ dir });
  expect((await it.ask('/kept/ts/a/first/100000')).status).toBe(503);
  expect(await it.problems()).toEqual([expect.stringMatching(/^kept is set aside: .*databox store restore/)]);
  expect([await it.write(2, 'other'), await it.values('other')]).toEqual([201, [1, 2]]);
  expect((await it.ask('/:restore/kept', backup)).status).toBe(200);
  expect([(await it.values()).length, await it.problems()]).toEqual([400, []]);
  // But for the first page, which opening it wrote.
  expect(readFileSync(`${file}.damaged`).subarray(4_096).equals(bytes.subarray(4_096))).toBe(true);
});

test('M12 a restore that is killed at any call leaves the old data or the new, and nothing half-made', async () => {
  /** What is there after it; the fourth is written again where it is missing. */
  const look = async (): Promise<string> => {
    await using it = await keep({ dir });
    const left = readdirSync(dir).filter((file) => !/\.sqlite(-wal|-shm)?$/.test(file));
    expect(left).toEqual([]);
    const values = await it.values();
    if (values.length === 3) await it.write(4);
    return values.join();
  };
  let backup: Buffer;
  {
    await using it = await keep({ dir });
    for (const value of [1, 2, 3]) await it.write(value);
    backup = (await it.ask('/:backup/kept')).bytes;
    await it.write(4);
  }
  const outcomes: string[] = [];
  for (let spare = 0; ; spare++) {
    let isDone: boolean;
    {
      await using it = await keep({ dir, faults });
      fail(faults, { calls: 'rename,unlink,sync', code: 0, spare, folder: dir });
      isDone = await it.ask('/:restore/kept', backup).then(
        ({ status }) => status === 200,
        () => false,
      );
      mend(faults);
      if (!isDone) await it.gone;
    }
    outcomes.push(await look());
    if (isDone) break;
  }
  expect(new Set(outcomes)).toEqual(new Set(['1,2,3,4', '1,2,3']));
  expect(outcomes.length).toBeGreaterThan(8);
});
