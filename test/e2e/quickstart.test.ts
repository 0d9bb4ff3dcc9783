/** The newcomer's one command, on a machine of its own: it proves a run and leaves nothing behind. */
import { fileURLToPath } from 'node:url';
import { run } from '../../src/base/run.ts';
import { endRig, startRig, type Rig } from '../abuse/rig/index.ts';
import { startProgram } from '../abuse/rig/process.ts';
import { traces } from '../abuse/rig/traces.ts';

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ databox: false });
}, 120_000);
afterAll(() => endRig(rig), 60_000);

const script = fileURLToPath(new URL('../../scripts/quickstart', import.meta.url));
const quickstart = (...argv: string[]): string[] => rig.house.asBox(['env', `DOCKER_HOST=${rig.engine.host}`, ...argv]);
const images = () => rig.engine.docker(['images', '-q']);

test('scripts/quickstart --once shows at least three samples read over the app’s token, and leaves nothing', async () => {
  const before = await traces(rig);
  const imagesBefore = await images();
  const [file = '', ...argv] = quickstart('bash', script, '--once');
  const proof = JSON.parse(await run(file, argv, { timeoutMs: 240_000 })) as { samples: unknown[] };
  expect(proof.samples.length).toBeGreaterThanOrEqual(3);
  expect(proof).toMatchObject({
    store: 'driver-os-monitor-core-store',
    url: expect.stringMatching(/^https:/) as string,
    stats: { mem: { min: expect.any(Number) as number } },
  });
  expect(await traces(rig)).toEqual(before);
  expect(await images()).toBe(imagesBefore);
}, 300_000);

test('Ctrl-C while it shows the numbers removes everything', async () => {
  const before = await traces(rig);
  const imagesBefore = await images();
  // `timeout` passes a signal on to its whole process group, as a terminal does.
  await using shown = startProgram(quickstart('timeout', '240', 'bash', '-c', 'exec bash "$0" 2>&1', script));
  await shown.line((line) => /^free memory \d+ MB/.test(line));
  shown.kill('SIGINT');
  await shown.exited;
  expect(shown.lines.at(-1)).toBe('removing everything');
  expect(await traces(rig)).toEqual(before);
  expect(await images()).toBe(imagesBefore);
}, 300_000);
