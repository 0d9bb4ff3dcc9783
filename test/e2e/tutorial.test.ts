/** The box parts of docs/tutorial.md and docs/python.md, typed by a machine on a box with real containers. */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { buildClient } from '../../build/client.ts';
import { endRig, password, probeImage, startRig, until, type Rig } from '../abuse/rig/index.ts';
import { loadPythonImage } from '../abuse/rig/python-image.ts';
import { tutorial, type Step } from '../tutorial.ts';

let rig: Rig;
let home: string;
beforeAll(async () => {
  await buildClient();
  rig = await startRig();
  // The published base image cannot be pulled here: this one has the same Node under the same name.
  await rig.engine.docker(['tag', probeImage, 'node:24-slim']);
  await loadPythonImage(rig.house, rig.engine, 'python:3-slim');
  home = mkdtempSync(join(rig.house.dir, 'author-'));
}, 180_000);
afterAll(async () => {
  await endRig(rig);
  rmSync(home, { recursive: true, force: true });
}, 60_000);

/** In the box, as root: `sudo` has nothing to do. */
function inBox(script: string): Promise<string> {
  const whole = `sudo() { "$@"; }; export DATABOX_RUN_DIR='${rig.databox.runDir}'\n${script}`;
  const variables = [`DATABOX=${process.cwd()}`, `PATH=${process.cwd()}/scripts:${process.env['PATH'] ?? ''}`];
  const [file = '', ...argv] = rig.house.asBox(['env', '-C', join(home, 'dice'), ...variables, 'bash', '-ec', whole]);
  return run(file, argv, { timeoutMs: 240_000 });
}

test('both components run on the box, the app shows the driver’s data, and a change keeps it', async () => {
  const steps = tutorial();
  const env = { ...process.env, DATABOX: process.cwd() };
  const [first] = steps.get('What you get from this project') ?? [];
  if (first?.do === 'run') execFileSync('bash', ['-ec', first.script], { cwd: home, env });
  let output = '';
  const perform = async (part: string): Promise<void> => {
    for (const step of steps.get(part) ?? []) {
      if (step.do === 'write') writeFileSync(join(home, 'dice', step.file), step.text);
      else output += await inBox(step.script);
    }
  };
  for (const part of ['The driver', 'The app', 'On a box']) await perform(part);
  expect(output).toContain('driver-dice is installed.');
  expect(output).toContain('app-dice is installed.');
  const owner = rig.owner();
  await owner.login(password);
  const page = async () => {
    const { status, text } = await owner.get('/app-dice/ui');
    return status === 200 && text.includes('mean') ? (JSON.parse(text) as { mean: number }) : undefined;
  };
  expect((await until('the app’s page', page, { timeoutMs: 60_000 })).mean).toBeLessThanOrEqual(6);
  const length = async () =>
    JSON.parse(await inBox('databox store get driver-dice-core-store /ts/dice/length')) as { length: number };
  const before = await length();
  await perform('Change it');
  expect(output).toContain('driver-dice was replaced; its data is kept.');
  await until('new values', async () => ((await length()).length > before.length ? true : undefined), {
    timeoutMs: 60_000,
  });
}, 600_000);

test('components in Python take the place of those in JavaScript, and go on with their data', async () => {
  const [pages, python] = [tutorial(), tutorial('python.md')];
  const folder = join(home, 'dice');
  const write = (step: Step) => {
    if (step.do === 'write') writeFileSync(join(folder, step.file), step.text);
  };
  for (const part of ['The driver', 'The app']) pages.get(part)?.forEach(write);
  for (const part of ['A driver and an app', 'On a box']) python.get(part)?.forEach(write);
  let output = '';
  for (const step of python.get('On a box') ?? []) if (step.do === 'run') output += await inBox(step.script);
  expect(output).toContain('driver-dice was replaced; its data is kept.');
  expect(output).toContain('app-dice was replaced; its data is kept.');
  const owner = rig.owner();
  await owner.login(password);
  const page = async () => {
    const { status, text } = await owner.get('/app-dice/ui');
    // Only the page in Python has a list of the latest values.
    return status === 200 && text.includes('[') ? (JSON.parse(text) as { latest: number[] }) : undefined;
  };
  const { latest } = await until('the page in Python', page, { timeoutMs: 60_000 });
  expect(latest).toEqual([expect.any(Number)]);
}, 600_000);
