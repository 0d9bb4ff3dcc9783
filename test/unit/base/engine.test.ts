import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createEngine } from '../../../src/base/engine.ts';

let dir: string;
beforeEach(() => void (dir = mkdtempSync(join(tmpdir(), 'databox-engine-'))));
afterEach(() => rmSync(dir, { recursive: true }));

/** A socket on which a stopped engine is connected to, and never answers. */
async function standing(path: string): Promise<Server> {
  const server = createServer(() => {});
  await new Promise<void>((done) => server.listen(path, done));
  return server;
}

test('O02 an engine that stands still is away after seconds, and a command is given up', async () => {
  const path = join(dir, 'docker.sock');
  const server = await standing(path);
  const engine = createEngine(`unix://${path}`);
  const started = performance.now();
  expect(await engine.isAlive()).toBe(false);
  await expect(engine.docker(['ps'])).rejects.toMatchObject({ code: 'docker.unavailable' });
  expect(performance.now() - started).toBeLessThan(30_000);
  server.close();
}, 40_000);

test('O02 where nobody listens a command says so', async () => {
  const engine = createEngine(`unix://${join(dir, 'none.sock')}`);
  expect(await engine.isAlive()).toBe(false);
  await expect(engine.docker(['ps'])).rejects.toMatchObject({ code: 'docker.unavailable' });
}, 40_000);
