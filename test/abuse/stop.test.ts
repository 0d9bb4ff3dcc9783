/** Stopping leaves the machine as it was, keeps the data, and starting again brings everything back. */
import { run } from '../../src/base/run.ts';
import {
  driver,
  driverStore,
  installApp,
  installDriver,
  running,
  endRig,
  startRig,
  tokenOf,
  urlOf,
  withToken,
  type Rig,
} from './rig/index.ts';
import { traces, type Traces } from './rig/traces.ts';

let rig: Rig;
let before: Traces;
beforeAll(async () => {
  rig = await startRig({ databox: false });
  before = await traces(rig);
}, 300_000);
afterAll(() => endRig(rig), 60_000);

const cli = (...argv: string[]): Promise<string> => {
  const [file = '', ...rest] = rig.databox.cli(argv);
  return run(file, rest);
};

/** What may stay: files of state, for the next start. */
const onMachine = ({ permissions: _kept, stores: _data, ...rest }: Traces): Traces => rest;

test('databox stop leaves no container, network, address, rule, set or socket', async () => {
  await rig.databox.start();
  await installDriver(rig);
  await installApp(rig, 'app-probe');
  expect(onMachine(await traces(rig))).not.toEqual(onMachine(before));
  await cli('stop', '--run-dir', rig.databox.runDir);
  expect(await rig.databox.ended()).toBe(0);
  expect(onMachine(await traces(rig))).toEqual(onMachine(before));
}, 300_000);

test.each(['SIGTERM', 'SIGINT'] as const)(
  'started again everything is back; %s leaves as little',
  async (signal) => {
    await rig.databox.start();
    await running(rig, driver);
    await running(rig, 'app-probe');
    const app = rig.inside('app-probe');
    const token = await tokenOf(app, driverStore, '/ts/temperature/*');
    const [answer] = await app.ask([withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') })]);
    expect(answer).toMatchObject({ status: 200, body: expect.stringContaining('1') as string });
    expect(await rig.databox.kill(signal)).toBe(0);
    expect(onMachine(await traces(rig))).toEqual(onMachine(before));
  },
  300_000,
);

test('after a crash, a start and a stop clean up what the crash left', async () => {
  await rig.databox.start();
  await running(rig, 'app-probe');
  await rig.databox.kill('SIGKILL');
  expect(onMachine(await traces(rig))).not.toEqual(onMachine(before)); // containers run on, behind a shut gate
  await rig.databox.restart();
  await running(rig, 'app-probe');
  expect(await rig.databox.kill('SIGTERM')).toBe(0);
  expect(onMachine(await traces(rig))).toEqual(onMachine(before));
}, 300_000);
