/** Exports that wait while somebody sets the clock. */
import { createServer, type AddressInfo } from 'node:net';
import { once } from 'node:events';
import { box, destination, local, newFile, trusted, until, type Box, type BoxOptions } from './world.ts';

const { authority, flags } = await trusted([local]);
const pair = await authority.issue([local]);
const hour = 3_600_000;

/** A port where nobody listens, and a clock that is set and waited for at will. */
async function world() {
  const server = createServer().listen(0, local);
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  await new Promise((done) => server.close(done));
  const clock = { setBy: 0, passed: 0 };
  const now = () => Date.now() + clock.setBy + clock.passed;
  const steady = () => performance.now() + clock.passed;
  const file = newFile();
  const start = (o: BoxOptions = {}) => box({ file, flags, now, steady, limits: { longestPauseMs: 50 }, ...o });
  const uri = `https://${local}:${port}/`;
  const submit = async (here: Box, key?: string) =>
    (
      await here.post(
        { id: '', uri, data: '{"a":1}' },
        { token: here.token(uri), headers: { ...(key && { 'idempotency-key': key }) } },
      )
    ).body;
  const attempts = (here: Box) => here.ledger()[0]?.attempts ?? 0;
  /** Two more attempts: the first may have been under way. */
  const tried = async (here: Box) => {
    const before = attempts(here);
    await until(() => attempts(here) >= before + 2 || here.ledger()[0]?.status === 'failed');
    return here.ledger()[0]?.status;
  };
  const arrives = async (here: Box, id: string) => {
    await using there = await destination({ ...pair, port });
    const { ext_response } = await here.finish(id, uri);
    return [ext_response.status, there.received.length];
  };
  return { clock, start, submit, attempts, tried, arrives };
}

test.each([
  ['forward past its six hours', 7 * hour],
  ['forward by years', 20 * 365 * 24 * hour],
  ['back by years', -20 * 365 * 24 * hour],
])('O03 a clock that is set %s ends no patience', async (_claim, by) => {
  const { clock, start, submit, tried, arrives } = await world();
  await using here = await start();
  const { id } = await submit(here);
  expect(await tried(here)).toMatch(/waiting|sending/);
  clock.setBy = by;
  expect(await tried(here)).toMatch(/waiting|sending/);
  expect(await arrives(here, id)).toEqual(['200 OK', 1]);
});

test('O03 nor does it prolong it: after six hours that passed it is given up, whatever the clock says', async () => {
  const { clock, start, submit, tried } = await world();
  await using here = await start();
  await submit(here);
  clock.setBy = -24 * hour;
  expect(await tried(here)).toMatch(/waiting|sending/);
  clock.passed = 6 * hour;
  expect(await tried(here)).toBe('failed');
});

test('O03 a restart after the clock was set goes on with what was left; what passed meanwhile counts', async () => {
  const { clock, start, submit, tried } = await world();
  {
    await using here = await start();
    await submit(here);
    clock.setBy = 20 * 365 * 24 * hour;
    expect(await tried(here)).toMatch(/waiting|sending/);
  }
  {
    await using here = await start();
    expect(await tried(here)).toMatch(/waiting|sending/);
  }
  clock.passed = 7 * hour;
  await using here = await start();
  await until(() => here.ledger()[0]?.status === 'failed');
});

test('O03 a key is remembered for a day that passed, not for one that the clock was set by', async () => {
  const { clock, start, submit, arrives } = await world();
  await using here = await start();
  const { id } = await submit(here, 'once');
  expect(await arrives(here, id)).toEqual(['200 OK', 1]);
  clock.setBy = 48 * hour;
  const other = await submit(here, 'other');
  expect(await arrives(here, other.id)).toEqual(['200 OK', 1]);
  expect(await submit(here, 'once')).toMatchObject({ id, state: 'Finished' });
});
