/** Five hundred clients at once: each request is answered once, and rightly; memory stays flat; who does not read loses its own. */
import { folder, startCrowd, startDesk } from './programs.ts';
import type { Outcome, Round } from './crowd.ts';
import { askToObserve, connect, listen, observe } from './raw.ts';

const full = process.env['DATABOX_TEST_FULL'] !== undefined;
const clients = 500;
/** libzmq has 1,023 sockets in one process, and each is a few descriptors. */
const processes = 2;
const warming: Round = { requests: 10, maxMs: 120_000 };
/** In all 10,000 requests, or 10,000 of each client if they fit in eight minutes. */
const half: Round = full ? { requests: 5_000, maxMs: 240_000 } : { requests: 10, maxMs: 120_000 };

/**
 * Twice as long a run must not hold more. What each request left behind would show: 1 KiB of each is 5 MiB after a half of the
 * short run. Of that the collector decides nothing, it has just run; code that was compiled meanwhile and caches that the warm-up
 * did not fill are below 2 MiB.
 */
const mostMoreHeldMiB = 4;
/**
 * Of the whole process, with its threads: pages that an allocator keeps, and SQLite's caches, come and go. So do those of the young
 * generation, by 50 MiB under a load that goes on; 1 KiB of each request would be 2,000 MiB then.
 */
const mostMoreResidentMiB = full ? 128 : 64;

/** Far more than the kernel's buffers of a connection and what is kept for an observer take. */
const loud = { filling: 'x'.repeat(64 * 1024), warming: 600, half: 50 };

test(`${clients} clients at once`, async () => {
  using state = folder();
  await using desk = await startDesk(state.dir);
  const [post, get] = [await desk.token('POST'), await desk.token('GET')];
  await using up = new AsyncDisposableStack();
  const crowds = Array.from({ length: processes }, (_, at) => {
    const share = clients / processes;
    return up.use(startCrowd({ port: desk.store.port, post, get, from: at * share, clients: share }));
  });
  using deaf = listen(desk.store, await askToObserve(desk.store, '/kv/loud/k', { token: get }), 1);
  using reader = await observe(desk.store, '/kv/loud/k', { token: get });
  using writer = connect(desk.store);
  let written = 0;
  const turnOf = (payload: string): number => Number(payload.split(' ')[3]?.replace('["', ''));
  /** Each is told to who reads before the next is written, as fast or slow as that is. */
  const write = async (count: number): Promise<void> => {
    for (const end = written + count; written < end; written++) {
      const body = `["${written} ${loud.filling}"]`;
      expect((await writer.ask('POST /kv/loud/k', { token: post, body })).code).toBe(65);
      expect(turnOf((await reader.next()).payload)).toBe(written);
    }
  };
  const run = async (round: Round, loudly: number): Promise<Outcome> => {
    const [outcomes] = await Promise.all([Promise.all(crowds.map((crowd) => crowd.run(round))), write(loudly)]);
    const faults = outcomes.flatMap((outcome) => outcome.faults);
    return { answered: outcomes.reduce((sum, { answered }) => sum + answered, 0), faults };
  };
  await run(warming, loud.warming);
  const before = await desk.memory();
  const first = await run(half, loud.half);
  const between = await desk.memory();
  const second = await run(half, loud.half);
  const after = await desk.memory();
  console.info(`${first.answered} and ${second.answered} requests; MiB: ${JSON.stringify({ before, between, after })}`);
  expect([first.faults, second.faults]).toEqual([[], []]);
  const all = clients * half.requests;
  for (const { answered } of [first, second]) {
    if (full) expect(answered).toBeGreaterThan(10 * clients);
    else expect(answered).toBe(all);
  }
  expect(after.held - between.held).toBeLessThan(mostMoreHeldMiB);
  expect(after.resident - between.resident).toBeLessThan(mostMoreResidentMiB);
  const heard: number[] = [];
  while (heard.at(-1) !== written - 1) heard.push(turnOf((await deaf.next()).payload));
  expect(heard).toEqual(heard.toSorted((a, b) => a - b));
  expect(new Set(heard).size).toBe(heard.length);
  expect(heard.length).toBeLessThan(written);
}, 600_000);
