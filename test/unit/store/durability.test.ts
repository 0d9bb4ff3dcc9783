import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';
import fc from 'fast-check';
import { answered, bodyOf, entry, erased, pathOf, query, selected, type Model, type Query } from './model.ts';

/** With DATABOX_TEST_FULL=1 the whole number that is promised. */
const rounds = process.env['DATABOX_TEST_FULL'] ? 200 : 3;

/** Starts the keeper on this folder; resolves when it listens. */
async function keep(dir: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = (await once(child.stdout, 'data')) as [Buffer];
  const url = `http://127.0.0.1:${Number(port.toString())}`;
  const ask = (path: string, init: RequestInit = {}) =>
    fetch(url + path, { ...init, headers: { 'x-api-key': 'any', 'content-type': 'application/json' } });
  return {
    ask,
    kill: () => child.kill('SIGKILL'),
    async [Symbol.asyncDispose]() {
      const gone = child.exitCode ?? child.signalCode;
      child.kill('SIGKILL');
      if (gone === null) await once(child, 'exit');
    },
  };
}

/** Writes until the process dies. Returns the values whose write was acknowledged. */
async function writeUntilDeath(
  ask: (path: string, init: RequestInit) => Promise<Response>,
  writer: number,
  onFifth: () => void,
) {
  const acknowledged: number[] = [];
  for (let n = 0; ; n++) {
    const value = writer * 1_000_000 + n;
    try {
      const { status } = await ask('/ts/a', {
        method: 'POST',
        body: JSON.stringify({ value, writer: String(writer) }),
      });
      if (status === 201 && acknowledged.push(value) === 5) onFifth();
    } catch {
      return acknowledged; // the keeper is dead: whether this one was kept is open
    }
  }
}

/** One life of the keeper: writers write while it lives, each at least five times. Returns what was acknowledged. */
async function life(dir: string, round: number): Promise<number[]> {
  let writers: Promise<number[]>[];
  {
    await using keeper = await keep(dir);
    const written = [1, 2, 3, 4].map((writer) => ({ writer, ...Promise.withResolvers<undefined>() }));
    writers = written.map(({ writer, resolve }) =>
      writeUntilDeath(keeper.ask, round * 10 + writer, () => resolve(undefined)),
    );
    await Promise.all(written.map(({ promise }) => promise));
    await sleep(Math.random() * 60);
  }
  return (await Promise.all(writers)).flat();
}

test(
  `S08 what was acknowledged before kill -9 is there once after it, ${rounds} times`,
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'databox-kill-'));
    const acknowledged: number[] = [];
    for (let round = 0; round < rounds; round++) acknowledged.push(...(await life(dir, round)));
    {
      await using keeper = await keep(dir);
      const kept = (await (await keeper.ask('/ts/a/since/0')).json()) as { data: { value: number } }[];
      const values = kept.map(({ data }) => data.value);
      expect(acknowledged.length).toBeGreaterThan(10);
      expect(new Set(values).size).toBe(values.length);
      expect(acknowledged.filter((value) => !values.includes(value))).toEqual([]);
    }
    const db = new Database(join(dir, 'kept.sqlite'));
    expect(db.pragma('integrity_check', { simple: true })).toBe('ok');
    db.close();
    rmSync(dir, { recursive: true });
  },
  20_000 + rounds * 5_000,
);

const lives = process.env['DATABOX_TEST_FULL'] ? 200 : 20;

const everything: Query = { ids: ['a', 'b', 'c'], pick: { by: 'since', from: -3 }, filter: null };

/** A caller that waits for each answer: when it is killed, one change at most is in doubt. */
const change = fc.oneof(
  { weight: 4, arbitrary: entry.map((one) => ({ entry: one })) },
  query.map((one) => ({ query: one })),
);
type Change = typeof change extends fc.Arbitrary<infer T> ? T : never;

const after = (model: Model, one: Change): Model =>
  'entry' in one ? [...model, one.entry] : (erased(model, one.query) ?? model);

test(
  `S08 after kill -9 at any moment the store is the model, ${lives} times`,
  async () => {
    const dir = mkdtempSync(join(tmpdir(), 'databox-kill-'));
    const seed = Number(process.env['DATABOX_FUZZ_SEED'] ?? Date.now() & 0x7fffffff);
    console.info(`S08: DATABOX_FUZZ_SEED=${seed} makes these changes again`);
    let possible: Model[] = [[]];
    const inLife = async (changes: readonly Change[], delayMs: number): Promise<void> => {
      await using keeper = await keep(dir);
      const found = await (await keeper.ask(pathOf(everything))).text();
      const model = possible.find((one) => JSON.stringify(answered(selected(one, everything))) === found);
      if (!model) throw new Error(`none of ${possible.length} models: ${found}`);
      possible = [model];
      const killed = sleep(delayMs).then(() => keeper.kill());
      for (const one of changes) {
        const [before] = possible as [Model];
        possible = [before, after(before, one)];
        const [path, init] =
          'entry' in one
            ? [`/ts/${one.entry.id}/at/${one.entry.at}`, { method: 'POST', body: JSON.stringify(bodyOf(one.entry)) }]
            : [pathOf(one.query), { method: 'DELETE' }];
        const answer = await keeper.ask(path, init).catch(() => undefined);
        if (!answer) break; // killed: whether this one was made is open
        possible = [after(before, one)];
      }
      await killed;
    };
    const life = fc.asyncProperty(fc.array(change, { minLength: 60, maxLength: 60 }), fc.nat(80), inLife);
    await fc.assert(life, { numRuns: lives, seed, endOnFailure: true });
    await inLife([], 0);
    rmSync(dir, { recursive: true });
  },
  20_000 + lives * 5_000,
);
