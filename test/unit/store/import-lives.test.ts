/** Streams of entries into a store that lives in a process of its own, and dies. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { request, type IncomingMessage } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

const ndjson = { 'content-type': 'application/x-ndjson' };
const linesFrom = (first: number, count: number) =>
  Array.from({ length: count }, (_, n) => `{"timestamp":${first + n},"data":{"value":${first + n}}}\n`).join('');

/** A store in a process of its own. */
async function keep(dir: string) {
  const child = spawn(process.execPath, [join(import.meta.dirname, 'keeper.ts'), dir], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const [text] = (await once(child.stdout, 'data')) as [Buffer];
  const port = Number(text.toString());
  const status = () => readFileSync(`/proc/${child.pid}/status`, 'utf8');
  const send = () =>
    request({
      ...{ host: '127.0.0.1', port, method: 'POST', path: '/ts/a/batch', agent: false },
      headers: { ...ndjson, 'x-api-key': 'any', 'transfer-encoding': 'chunked' },
    });
  return {
    send,
    residentMiB: () => Number(/VmRSS:\s*(\d+) kB/.exec(status())?.[1]) / 1_024,
    length: async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/ts/a/length`, { headers: { 'x-api-key': 'any' } });
      return ((await answer.json()) as { length: number }).length;
    },
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

const many = process.env['DATABOX_TEST_FULL'] ? 3_000_000 : 100_000;

test(`${many} lines go through in constant memory`, async () => {
  const dir = mkdtempSync(join(tmpdir(), 'databox-import-'));
  {
    await using keeper = await keep(dir);
    const req = keeper.send();
    const answered = once(req, 'response') as Promise<[IncomingMessage]>;
    let warmMiB = 0;
    let peakMiB = 0;
    for (let at = 0; at < many; at += 1_000) {
      if (!req.write(linesFrom(at, 1_000))) await once(req, 'drain');
      if (at === many / 4) warmMiB = keeper.residentMiB();
      if (at % 10_000 === 0) peakMiB = Math.max(peakMiB, keeper.residentMiB());
    }
    req.end();
    const [res] = await answered;
    expect(res.resume().statusCode).toBe(201);
    expect(await keeper.length()).toBe(many);
    expect(peakMiB - warmMiB).toBeLessThan(60);
  }
  rmSync(dir, { recursive: true });
}, 600_000);

test('S08 after kill -9 in the middle a prefix is there, and sent again it is whole', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'databox-import-'));
  const count = 40_000;
  const all = linesFrom(0, count);
  for (const delayMs of [30, 120]) {
    await using keeper = await keep(dir);
    const req = keeper.send();
    req.on('error', () => {}).write(all);
    await sleep(delayMs);
  }
  {
    await using keeper = await keep(dir);
    const before = await keeper.length();
    const req = keeper.send();
    const answered = once(req.end(all), 'response') as Promise<[IncomingMessage]>;
    const [res] = await answered;
    let text = '';
    for await (const part of res.setEncoding('utf8') as AsyncIterable<string>) text += part;
    expect(JSON.parse(text)).toEqual({ lines: count, written: count - before });
    expect(await keeper.length()).toBe(count);
  }
  rmSync(dir, { recursive: true });
}, 120_000);
