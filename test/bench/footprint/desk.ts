/** The author's desk of the binary, empty or with components that have written and read. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { connect } from '../../../src/client/index.ts';

const manifest = JSON.parse(readFileSync('examples/driver-os-monitor/databox-manifest.json', 'utf8')) as object;
const series = 'freememStructured';

export type Desk = AsyncDisposable & { pid: number; readyMs: number; url: string };

/** In an empty folder, which is gone afterwards. */
export async function startDesk(databox: string): Promise<Desk> {
  const cwd = mkdtempSync(join(tmpdir(), 'databox-bench-'));
  const start = performance.now();
  const desk = spawn(databox, ['dev', '--port', '0', '--json'], { cwd, stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = once(desk, 'exit');
  const [said] = (await once(desk.stdout, 'data')) as [Buffer];
  const readyMs = performance.now() - start;
  const { url } = JSON.parse(said.toString()) as { url: string };
  return {
    ...{ pid: desk.pid ?? 0, readyMs, url },
    async [Symbol.asyncDispose]() {
      desk.kill('SIGTERM');
      await ended;
      rmSync(cwd, { recursive: true });
    },
  };
}

/** Adds drivers to a desk; each writes so many points, eight at a time, and reads them back. */
export async function seatDrivers(url: string, { drivers, points }: { drivers: number; points: number }) {
  for (let at = 0; at < drivers; at++) {
    const name = `driver-bench-${at}`;
    const body = JSON.stringify({ ...manifest, name });
    const added = await fetch(`${url}/app-store/manifests`, { method: 'POST', body });
    if (!added.ok) throw new Error(`${name} was refused: ${await added.text()}`);
    const env = { DATABOX_DEV_URL: url, DATABOX_LOCAL_NAME: name, ARBITER_TOKEN: `dev-${name}` };
    const store = connect({ env, secrets: '/nonexistent' }).store();
    for (let point = 0; point < points; point += 8) {
      const values = Array.from({ length: Math.min(8, points - point) }, (_, offset) => point + offset);
      await Promise.all(values.map((value) => store.ts.write(series, { value })));
    }
    const read = await store.ts.lastN(series, points);
    if (read.length !== points) throw new Error(`${name} wrote ${points} points and read ${read.length}`);
  }
}
