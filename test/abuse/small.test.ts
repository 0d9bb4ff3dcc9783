/**
 * O07, O08, O09: the whole box with ten apps in 1 GB. It starts, stays responsive and says what does not fit; random
 * requests and a long run of everything at once break nothing, and what it holds stays flat.
 */
import { fuzzFrom } from './rig/fuzzing.ts';
import { grown, heldBy } from './rig/held.ts';
import {
  appManifest,
  driver,
  driverStore,
  endRig,
  hrefOf,
  installDriver,
  password,
  placeOf,
  running,
  startRig,
  tokenOf,
  until,
  urlOf,
  withToken,
  type Rig,
} from './rig/index.ts';
import { traces } from './rig/traces.ts';

const memoryMb = 1_024;
const apps = Array.from({ length: 10 }, (_, index) => `app-${index + 1}`);
const destination = 'https://api.example.test/in';
/** A tenth of it is promised; a loaded machine gets its time. */
const answerMs = 10_000;
const shortage = `this machine has ${memoryMb} MB`;
/** Then the box is also stopped and started again, with all of them. */
const full = process.env['DATABOX_TEST_FULL'] !== undefined;
const operations = full ? 1_000_000 : 8_000;
/** The first part fills pools, caches and records. */
const warming = 3_000;

let rig: Rig;
beforeAll(async () => {
  rig = await startRig({ memoryMb });
  await installDriver(rig);
}, 300_000);
afterAll(() => endRig(rig), 120_000);

async function inTime<T>(ask: () => Promise<T>): Promise<T> {
  const asked = performance.now();
  const answer = await ask();
  expect(performance.now() - asked).toBeLessThan(answerMs);
  return answer;
}

async function responsive(): Promise<void> {
  const owner = rig.owner();
  expect((await inTime(() => owner.login(password))).status).toBe(200);
  expect((await inTime(() => owner.get('/'))).status).toBe(200);
}

async function reads(name: string): Promise<void> {
  const inside = rig.inside(name);
  const token = await tokenOf(inside, driverStore, '/ts/temperature/*');
  const latest = withToken(token, { url: urlOf(driverStore, '/ts/temperature/latest') });
  expect(await inside.ask([latest])).toMatchObject([{ status: 200 }]);
}

type Status = { problems: string[] };
const problems = async () => (await inTime(() => rig.databox.admin.read<Status>('/status'))).problems;
const needed = (containers: number) => `${containers} containers of up to 256 MB`;

test('O08 ten apps are installed in 1 GB, and the owner is told from when on they may not fit', async () => {
  expect(await problems()).not.toContainEqual(expect.stringContaining(shortage));
  const warned: (string | undefined)[] = [];
  for (const name of apps) {
    const manifest = appManifest(name, { datasources: { TEMPERATURE: 'temperature' }, exports: [destination] });
    const request = { manifest, choices: { TEMPERATURE: hrefOf('temperature') } };
    const review = (await rig.databox.admin.must('POST', '/review', request)) as { warnings: string[] };
    warned.push(review.warnings.find((warning) => warning.startsWith('memory: ')));
    await rig.databox.admin.mustInstall(request);
    await problems();
  }
  expect(warned[0]).toBeUndefined(); // two containers and the box
  for (const [index, warning] of warned.slice(1).entries()) {
    expect(warning).toContain(needed(index + 3));
    expect(warning).toContain(shortage);
  }
  expect(await problems()).toContainEqual(expect.stringContaining(needed(apps.length + 1)));
  for (const name of [driver, ...apps]) await running(rig, name);
  for (const name of apps) await reads(name);
  await responsive();
}, 600_000);

test('O09 random requests from inside an app: each is answered as documented, and nobody else notices', async () => {
  expect(await fuzzFrom(rig, 'app-1', destination)).toEqual([]);
  expect(rig.databox.log()).not.toMatch(/"level":(50|60)/);
  await responsive();
}, 3_600_000);

/** Requests that succeed, and such that must be refused. */
async function asks(name: string) {
  const [inside, own] = [rig.inside(name), `${name}-core-store`];
  const [write, read, keys, values] = [
    await tokenOf(inside, own, '/ts/mixed', 'POST'),
    await tokenOf(inside, driverStore, '/ts/temperature/*'),
    await tokenOf(inside, own, '/kv/mixed/*', 'POST'),
    await tokenOf(inside, own, '/kv/mixed/*'),
  ];
  const mint = (path: string) => ({
    method: 'POST',
    url: urlOf('arbiter', '/token'),
    headers: { 'x-api-key': '{KEY}', 'content-type': 'application/json' },
    body: JSON.stringify({ target: driverStore, path, method: 'GET' }),
  });
  return [
    { ...withToken(write, { method: 'POST', url: urlOf(own, '/ts/mixed') }, { value: 1 }), expect: [201] },
    { ...withToken(read, { url: urlOf(driverStore, '/ts/temperature/latest') }), expect: [200] },
    { ...withToken(keys, { method: 'POST', url: urlOf(own, '/kv/mixed/one') }, { value: 1 }), expect: [201] },
    { ...withToken(values, { url: urlOf(own, '/kv/mixed/one') }), expect: [200] },
    { ...withToken(read, { url: urlOf(driverStore, '/ts/secret/latest') }), expect: [403] },
    // Who asks this often is told to wait.
    { ...mint('/ts/temperature/*'), expect: [200, 429] },
    { ...mint('/ts/secret/*'), expect: [403, 429] },
  ];
}

/** Does so many operations in an app. @returns the ms that they took */
async function operate(name: string, count: number): Promise<number> {
  const address = (await placeOf(rig, name)).peers.get(driverStore) ?? '';
  const input = JSON.stringify({ count, asks: await asks(name), address });
  const argv = ['/bin/node', '--disable-warning=ExperimentalWarning', '/app/mixed.ts'];
  const said = await rig.inside(name).exec(argv, { input, timeoutMs: 3_000_000 });
  const { wrong, ms } = JSON.parse(said) as { wrong: Record<string, number>; ms: number };
  expect(wrong).toEqual({});
  return ms;
}

/** What the box leaves behind once no name is asked for upstream any more: that takes a free port for as long as it lasts. */
const atRest = () =>
  until('the last answer from upstream', async () => {
    const found = await traces(rig);
    return found['doors']?.includes('0.0.0.0:free') ? undefined : found;
  });

type Counted = { component: string; count: number };
type View = { refused: Counted[]; unlisted: Counted[]; names: (Counted & { name: string })[] };
const sum = (rows: readonly Counted[]) => rows.reduce((total, { count }) => total + count, 0);

test(`O07 ${operations} operations: memory, descriptors, rules, tracked flows and state stay flat`, async () => {
  const name = 'app-2';
  await operate(name, warming);
  const [before, rules] = [await heldBy(rig), await atRest()];
  const ms = await operate(name, operations - warming);
  let after = await heldBy(rig);
  const isFlat = async () => (grown(before, (after = await heldBy(rig))).length === 0 ? true : undefined);
  await until('it to hold no more than before', isFlat, { timeoutMs: 60_000, everyMs: 500 }).catch(() => undefined);
  console.log(`O07 ${operations - warming} operations in ${ms} ms: ${JSON.stringify({ before, after })}`);
  expect(grown(before, after)).toEqual([]);
  expect(await atRest()).toEqual(rules);
  const view = await rig.databox.admin.read<View>('/network');
  const [refused, names] = [view.refused, view.names].map((rows) => rows.filter(({ component }) => component === name));
  expect(refused).toHaveLength(64);
  expect(view.unlisted).toContainEqual(expect.objectContaining({ component: name }));
  expect(names).toHaveLength(257);
  expect(names).toContainEqual(expect.objectContaining({ name: '(further names)' }));
  expect(sum(names ?? [])).toBeGreaterThanOrEqual(operations / 10);
}, 3_600_000);

test('O08 they all run, to the end; the kernel ended none of them', async () => {
  if (full) {
    expect(await rig.databox.kill('SIGTERM')).toBe(0);
    await rig.databox.start();
  }
  for (const name of [driver, ...apps]) await running(rig, name);
  await reads(apps.at(-1) ?? '');
  await responsive();
  expect(await problems()).toContainEqual(expect.stringContaining(shortage));
  const { memory } = rig.house;
  expect(memory?.ended()).toBe(0);
  console.log(`O08 at most ${memory?.peakMb()} MB of ${memoryMb} were used, with what the kernel keeps of files`);
  const told = ['inspect', '-f', '{{.RestartCount}} {{.State.OOMKilled}}', driver, ...apps];
  expect(new Set((await rig.engine.docker(told)).split('\n'))).toEqual(new Set(['0 false']));
}, 500_000);
