import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import Database from 'better-sqlite3';

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
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await once(child, 'exit');
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

test('what was acknowledged before kill -9 is there once after it', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'databox-kill-'));
  const acknowledged: number[] = [];
  for (let round = 0; round < 3; round++) acknowledged.push(...(await life(dir, round)));
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
}, 20_000);
