/**
 * O01: SIGKILL under load, again and again: it is back in seconds, nothing passes meanwhile, everybody is told what they
 * missed, and what was acknowledged is there.
 */
import { setTimeout as sleep } from 'node:timers/promises';
import { counterAt } from './rig/counters.ts';
import {
  addresses,
  askDns,
  driver,
  driverStore,
  installApp,
  installDriver,
  placeOf,
  probeApp,
  running,
  endRig,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Inside,
  type Rig,
} from './rig/index.ts';
import type { Vantage } from './rig/inside.ts';
import { knocking } from './rig/knocking.ts';
import type { Program } from './rig/process.ts';

let rig: Rig;
let app: Inside;
let within: Vantage;
const rounds = process.env['DATABOX_TEST_FULL'] ? 100 : 3;
/** Promised on a machine where a command of Docker takes a tenth of a second; one that is busy, or a Pi, is slower by as much. */
const backMs = (dockerMs: number): number => Math.max(5_000, 50 * dockerMs);

beforeAll(async () => {
  rig = await startRig();
  await rig.outside.setNames({ 'www.example.test': { addresses: ['203.0.113.10'] } });
  await installDriver(rig);
  app = await installApp(rig, 'app-probe');
  await installApp(rig, 'app-other');
  within = await app.unleash();
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const acknowledged = ({ lines }: Program): number[] =>
  lines
    .filter((line) => line.includes('acknowledged'))
    .map((line) => (JSON.parse(line) as { acknowledged: number }).acknowledged);
const gapsIn = ({ lines }: Program): string[] => lines.filter((line) => line.includes('event: gap'));

/** Writers, an observer that comes back, and an app that tries every way out, all at once. */
async function underLoad() {
  await using all = new AsyncDisposableStack();
  const inside = rig.inside(driver);
  const write = await tokenOf(inside, driverStore, '/*', 'POST');
  const read = await tokenOf(app, driverStore, '/ts/temperature');
  const [first, ...more] = ['kill1', 'kill2', 'temperature'].map((id) =>
    all.use(inside.start(probeApp('write', urlOf(driverStore, `/ts/${id}`), write))),
  );
  if (!first) throw new Error('no writer');
  const observer = all.use(app.start(probeApp('follow', urlOf(driverStore, '/ts/temperature'), read)));
  await observer.line((line) => line.includes('event'));
  const { address: other } = await placeOf(rig, 'app-other');
  const targets = [other, addresses.lan, '203.0.113.10', addresses.box.lan];
  all.use(await knocking(rig, app.name, targets));
  const kept = all.move();
  return { first, writers: [first, ...more], observer, targets, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}

/** Kills it at a random moment between writes, and starts it again. @returns the ms until all of it was back, and may take */
async function killAndReturn(writer: Program): Promise<{ ms: number; limitMs: number }> {
  const done = acknowledged(writer).length;
  await until('writes', () => (acknowledged(writer).length > done + 5 ? true : undefined));
  await sleep(Math.random() * 200);
  const before = await dockerMs();
  expect(await rig.databox.kill('SIGKILL')).toBe('SIGKILL');
  const killed = performance.now();
  await rig.databox.restart();
  const ms = performance.now() - killed;
  // Whatever else the machine does may begin or end meanwhile.
  return { ms, limitMs: backMs(Math.max(before, await dockerMs())) };
}

/** How long the shortest question to the engine takes here and now: the median of five. */
async function dockerMs(): Promise<number> {
  const took: number[] = [];
  for (let time = 0; time < 5; time++) {
    const began = performance.now();
    await rig.engine.docker(['version']);
    took.push(performance.now() - began);
  }
  return took.toSorted((a, b) => a - b)[2] ?? 0;
}

async function knocksAreRefused(targets: readonly string[]): Promise<void> {
  await until('the knocks to be on record', async () => {
    const { refused } = await rig.databox.admin.read<{ refused: { dst: string }[] }>('/network');
    return targets.every((target) => refused.some(({ dst }) => dst === target)) ? true : undefined;
  });
}

test(
  `O01 killed under load, ${rounds} times`,
  async () => {
    await using load = await underLoad();
    await using theirs = await (await rig.inside('app-other').network()).watch();
    const own = (await placeOf(rig, 'app-probe')).address;
    const counters = [await counterAt(rig, 'net'), await counterAt(rig, 'lan')];
    const before = await Promise.all(counters.map((count) => count()));
    const took: { ms: number; limitMs: number }[] = [];
    for (let round = 1; round <= rounds; round++) {
      took.push(await killAndReturn(load.first));
      await running(rig, driver);
      const isTold = () => (gapsIn(load.observer).length >= round ? true : undefined);
      await until(`gap ${round}`, isTold, { timeoutMs: 60_000 });
      await knocksAreRefused(load.targets);
    }
    expect(await Promise.all(counters.map((count) => count()))).toEqual(before);
    expect(theirs.packets(({ sent, src }) => !sent && src === own)).toEqual([]);
    console.log(
      `O01 back after ${took.map(({ ms, limitMs }) => `${ms.toFixed(0)} of ${limitMs.toFixed(0)}`).join(', ')} ms`,
    );
    expect(took.filter(({ ms, limitMs }) => ms > limitMs)).toEqual([]);
    expect(gapsIn(load.observer).every((line) => line.includes('restarted') && line.includes('since'))).toBe(true);
    await load[Symbol.asyncDispose]();
    for (const [index, writer] of load.writers.slice(0, 2).entries()) {
      await expectOnce(`kill${index + 1}`, acknowledged(writer));
    }
  },
  60_000 + rounds * 60_000,
);

/** Every acknowledged value once. One that was answered by nobody was written again under its next number, or is there too. */
async function expectOnce(id: string, values: readonly number[]): Promise<void> {
  const path = `/stores/${driverStore}/ts/${id}/first/1000000`;
  const kept = (await rig.databox.admin.read<{ data: { value: number } }[]>(path)).map(({ data }) => data.value);
  const counts = new Map<number, number>();
  for (const value of kept) counts.set(value, (counts.get(value) ?? 0) + 1);
  expect(values.length).toBeGreaterThan(0);
  expect(values.filter((value) => counts.get(value) !== 1)).toEqual([]);
  expect(Math.max(...counts.values())).toBe(1);
}

test('O01 while it is down no new flow passes and no name is answered; the containers go on', async () => {
  const { gateway, address, peers } = await placeOf(rig, 'app-probe');
  const store = peers.get(driverStore) ?? '';
  const { address: other } = await placeOf(rig, 'app-other');
  const theirs = await rig.inside('app-other').network();
  await rig.databox.kill('SIGKILL');
  await using atNet = await rig.rooms.net.watch();
  await using atLan = await rig.rooms.lan.watch();
  await using atOther = await theirs.watch();
  await using own = await within.watch();
  await until('the names to fall silent', async () => {
    const [answer] = await askDns(within, gateway, [driverStore]);
    return answer?.rcode === 'NOERROR' ? undefined : true;
  });
  const answers = await askDns(within, gateway, [driverStore, 'arbiter', 'www.example.test']);
  expect(answers.every(({ addresses: given }) => given.length === 0)).toBe(true);
  const tcp = (to: string, port: number) => ({ kind: 'tcp' as const, address: to, port, timeout: 1 });
  const tried = await within.send([
    ...[...peers.values()].map((peer) => tcp(peer, 8080)),
    ...[other, addresses.lan, '203.0.113.10', addresses.box.lan, gateway].map((to) => tcp(to, 443)),
  ]);
  expect(new Set(tried.map(({ answer }) => answer))).toEqual(new Set(['timeout']));
  expect(own.packets(({ sent, flags = '', src }) => !sent && flags.includes('S') && src === store)).toEqual([]);
  expect(atOther.packets(({ sent, src }) => !sent && src === address)).toEqual([]);
  for (const eyes of [atNet, atLan]) expect(eyes.packets(({ protocol }) => protocol !== 'icmp6')).toEqual([]);
  expect(await rig.engine.containers()).toEqual(expect.arrayContaining([driver, 'app-probe', 'app-other']));
  await rig.databox.restart();
}, 90_000);

test('O01 after it, containers are supervised, tokens of before work and policy holds', async () => {
  await running(rig, driver);
  await running(rig, 'app-probe');
  within = await app.unleash();
  const { gateway } = await placeOf(rig, 'app-probe');
  const { address: other } = await placeOf(rig, 'app-other');
  const token = await tokenOf(app, driverStore, '/ts/temperature/*');
  const latest = withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') });
  expect(await app.ask([latest])).toMatchObject([{ status: 200 }]);
  expect(await askDns(within, gateway, ['www.example.test', 'app-other'])).toMatchObject([
    { rcode: 'NXDOMAIN' },
    { rcode: 'NXDOMAIN' },
  ]);
  await using atOther = await (await rig.inside('app-other').network()).watch();
  await within.send([{ kind: 'tcp', address: other, port: 8080, timeout: 0.5 }]);
  expect(atOther.packets(({ sent }) => !sent)).toEqual([]);
  await rig.databox.kill('SIGKILL');
  await rig.databox.restart();
  expect(await app.ask([latest])).toMatchObject([{ status: 200 }]);
  const before = await rig.engine.docker(['inspect', '-f', '{{.State.StartedAt}}', 'app-probe']);
  await rig.engine.docker(['kill', 'app-probe']);
  await until(
    'the crashed app to be started again',
    async () => {
      const now = await rig.engine.docker(['inspect', '-f', '{{.State.Running}} {{.State.StartedAt}}', 'app-probe']);
      return now.startsWith('true') && !now.includes(before) ? true : undefined;
    },
    { timeoutMs: 60_000 },
  );
}, 120_000);
