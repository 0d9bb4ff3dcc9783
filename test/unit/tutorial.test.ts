/** The desk part of docs/tutorial.md, typed by a machine. */
import { execFileSync, spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';
import { buildClient } from '../../build/client.ts';
import { freePort } from '../free-port.ts';
import { tutorial, type Step } from '../tutorial.ts';

const steps = tutorial();
const parts = ['What you get from this project', 'The driver', 'The app', 'At your desk'];
const terminals: ChildProcess[] = [];
let home: string;
beforeAll(async () => {
  await buildClient();
  home = mkdtempSync(join(tmpdir(), 'databox-tutorial-'));
}, 60_000);
afterAll(async () => {
  for (const child of terminals.reverse()) {
    if (child.exitCode !== null || child.pid === undefined) continue;
    process.kill(-child.pid, 'SIGTERM');
    await once(child, 'exit');
  }
  rmSync(home, { recursive: true });
});

test('the page has something to do in each part', () => {
  for (const part of [...parts, 'On a box', 'Change it'])
    expect([part, steps.get(part)?.length]).not.toEqual([part, 0]);
});

test('from an empty folder to an app that shows what the driver wrote', async () => {
  const [desk, app] = [await freePort(), await freePort()];
  const onFreePorts = (script: string) => script.replaceAll('8080', String(desk)).replaceAll('8081', String(app));
  const path = `${dirname(process.execPath)}:${process.env['PATH'] ?? ''}`;
  const env = { ...process.env, PATH: path, DATABOX: process.cwd() };
  let cwd = home;
  let shown = '';
  const aside = async (script: string): Promise<void> => {
    const child = spawn('bash', ['-ec', `export PATH="$DATABOX/scripts:$PATH"\n${script}`], {
      ...{ cwd, env, detached: true },
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    terminals.push(child);
    // The desk and the driver say that they are up; the app says nothing.
    if (!script.includes('app-dice/main')) await once(createInterface({ input: child.stdout }), 'line');
  };
  const run = (script: string): string =>
    execFileSync('bash', ['-ec', script], { cwd, env, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
  const take = async (step: Step): Promise<void> => {
    if (step.do === 'write') return writeFileSync(join(cwd, step.file), step.text);
    const script = onFreePorts(step.script);
    if (step.aside) return aside(script);
    if (!script.startsWith('curl')) return void run(script);
    for (let tries = 0; tries < 100 && !shown.includes('mean'); tries++) {
      shown = await Promise.resolve()
        .then(() => run(script))
        .catch(() => '');
      await sleep(200);
    }
  };
  for (const part of parts) {
    for (const step of steps.get(part) ?? []) await take(step);
    // The page's reader is in the folder that the first block made and entered.
    cwd = join(home, 'dice');
  }
  expect(JSON.parse(shown)).toEqual({ latest: expect.any(Number) as number, mean: expect.any(Number) as number });
}, 90_000);
