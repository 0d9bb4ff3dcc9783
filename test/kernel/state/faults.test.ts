/** S11 for what a box keeps besides stores: permissions, agreements, exports and the access ledger, on a disk that fails. */
import { mkdtempSync, rmSync } from 'node:fs';
import { constants, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { destination, local, trusted } from '../../unit/export/world.ts';
import { buildFaults, fail, keep, mend } from '../store/disk.ts';

const { authority, flags } = await trusted([local]);
const pair = await authority.issue([local]);
const faults = buildFaults();
afterAll(() => rmSync(faults.dir, { recursive: true }));
let dir: string;
beforeEach(() => (dir = mkdtempSync(join(tmpdir(), 'databox-state-'))));
afterEach(() => {
  mend(faults);
  rmSync(dir, { recursive: true });
});

async function until(claim: () => boolean | Promise<boolean>): Promise<void> {
  for (const end = Date.now() + 20_000; !(await claim()); await sleep(20)) {
    if (Date.now() > end) throw new Error(`not in 20 s: ${claim.toString()}`);
  }
}

async function box() {
  const program = join(import.meta.dirname, 'keeper.ts');
  const it = await keep({ dir, faults, program, told: JSON.stringify(flags) });
  /** The answer, or the status of the refusal. */
  const ask = async (what: string, name = ''): Promise<unknown> => {
    const { status, bytes } = await it.ask(`/:${what}/${encodeURIComponent(name)}`);
    return status === 200 ? (JSON.parse(String(bytes)) as { is?: unknown }).is : status;
  };
  const statuses = async () => ((await ask('lines')) as { status: string }[]).map(({ status }) => status);
  const send = async (uri: string, token: string) =>
    (await it.ask('/lp/export', JSON.stringify({ id: '', uri, data: '{"a":1}' }), token)).status;
  return { ...it, ask, statuses, send, [Symbol.asyncDispose]: () => it[Symbol.asyncDispose]() };
}

const { EIO, ENOSPC, EMFILE, EROFS } = constants.errno;
const codes = Object.entries({ EIO, ENOSPC, EMFILE, EROFS });

test.each(codes)(
  'S11 %s: what cannot be written is refused and told, what is taken back is gone all the same',
  async (_, code) => {
    await using there = await destination(pair);
    const uri = `https://${local}:${there.port}/`;
    {
      await using it = await box();
      const exporting = String(await it.ask('permit', uri));
      await it.ask('intend', 'first');
      for (const [round, calls] of ['write', 'sync'].entries()) {
        const token = String(await it.ask('grant', `mine${round}`));
        expect(await it.ask('may', token)).toBe(true);
        fail(faults, { calls, code, folder: dir });
        expect(await it.ask('grant', 'never')).toBe(503);
        expect(await it.ask('revoke', `mine${round}`)).toBe(503);
        expect([await it.ask('may', token), await it.ask('grants')]).toEqual([false, []]);
        expect([await it.ask('intend', 'never'), await it.ask('intents')]).toEqual([503, ['first']]);
        expect(await it.send(uri, exporting)).toBe(503);
        const told = ['permissions', 'exports', 'agreements'].map((what) => `^The ${what} cannot be written: `);
        expect(await it.ask('problems')).toEqual(
          expect.arrayContaining(told.map((sentence) => expect.stringMatching(sentence) as string)),
        );
        await sleep(200);
        expect(there.received).toHaveLength(round);
        mend(faults);
        // What was taken back does not come back with the disk, nor does what was refused.
        await it.ask('grant', 'other');
        expect([await it.ask('grants'), await it.ask('may', token)]).toEqual([['/other'], false]);
        await it.ask('revoke', 'other');
        await it.ask('intend', 'first');
        expect(await it.send(uri, exporting)).toBe(200);
        await until(() => there.received.length === round + 1);
        await until(async () => String(await it.ask('problems')) === '');
        expect(it.isAlive()).toBe(true);
      }
    }
    await using it = await box();
    expect([await it.ask('grants'), await it.ask('intents'), await it.ask('problems')]).toEqual([[], ['first'], []]);
    expect(there.received).toHaveLength(2);
  },
);

test.each(codes)(
  'S11 %s: a destination that is withdrawn meanwhile gets nothing once the disk works again',
  async (_, code) => {
    const { port } = await (async () => {
      await using there = await destination(pair);
      return there;
    })();
    const uri = `https://${local}:${port}/`;
    await using it = await box();
    const exporting = String(await it.ask('permit', uri));
    expect(await it.send(uri, exporting)).toBe(200);
    await until(async () => (await it.statuses())[0] === 'waiting');
    fail(faults, { calls: 'write', code, folder: join(dir, 'export') });
    expect(await it.ask('withdraw', uri)).toBe(503);
    await using there = await destination({ ...pair, port });
    mend(faults);
    await until(async () => String(await it.ask('problems')) === '');
    await sleep(500);
    expect([there.received.length, await it.statuses()]).toEqual([0, [expect.not.stringMatching('answered')]]);
  },
);

test.each(codes)('S11 %s: what the access ledger does not take does not leave, until it does', async (_, code) => {
  await using there = await destination(pair);
  const uri = `https://${local}:${there.port}/`;
  await using it = await box();
  const exporting = String(await it.ask('permit', uri));
  for (const [round, calls] of ['write', 'sync', 'rename'].entries()) {
    expect(await it.send(uri, exporting)).toBe(200);
    await until(() => there.received.length === 2 * round + 1);
    fail(faults, { calls, code, folder: join(dir, 'ledger') });
    expect(await it.send(uri, exporting)).toBe(200);
    await sleep(300);
    expect(there.received).toHaveLength(2 * round + 1);
    expect(await it.ask('problems')).toEqual([expect.stringMatching(/^The access ledger is not written: /)]);
    mend(faults);
    await until(() => there.received.length === 2 * round + 2);
    await until(async () => String(await it.ask('problems')) === '');
  }
  expect(it.isAlive()).toBe(true);
});
