/** The Python client at a box whose owner grants little, and takes it back: `databox dev` grants all. */
import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { startBox, type Box } from './box.ts';

let box: Box;
beforeEach(async () => (box = await startBox()));
afterEach(async () => box[Symbol.asyncDispose]());

const at = (path: string) => ({ method: 'GET', path, target: 'driver-core-store' }) as const;

/** Lines that an app prints, one after the other. `store` is the driver's. */
function app(script: string): AsyncIterator<string> {
  const { env, secrets } = box.place('app', { PYTHONPATH: 'clients/python', PYTHONDONTWRITEBYTECODE: '1' });
  const begin = `import databox, sys\nstore = databox.connect(secrets=sys.argv[1]).store("driver-core-store")\n`;
  const child = spawn('/usr/bin/python3', ['-u', '-c', begin + script, secrets], {
    ...{ env, stdio: ['ignore', 'pipe', 'inherit'] },
  });
  return createInterface({ input: child.stdout })[Symbol.asyncIterator]();
}
const next = async (lines: AsyncIterator<string>): Promise<unknown> => (await lines.next()).value;
const rest = async (lines: AsyncIterator<string>): Promise<string[]> => {
  const found: string[] = [];
  for await (const line of { [Symbol.asyncIterator]: () => lines }) found.push(line);
  return found;
};

test('what the owner takes back ends an observation, and is refused from then on', async () => {
  const route = at('/ts/blob/mem');
  box.arbiter.grant('app', route, []);
  const lines = app(`
observation = store.ts_blob.observe("mem")
print("observing")
try:
    for event in observation:
        print(event.data)
except databox.Refused as error:
    print(error.code)
print(list(observation))
try:
    store.ts_blob.observe("mem")
except databox.Refused as error:
    print(error.code)
`);
  expect(await next(lines)).toBe('observing');
  await box.join('driver').store().tsBlob.write('mem', { free: 7 });
  expect(await next(lines)).toBe("{'free': 7}");
  box.arbiter.revoke('app', route);
  box.stores.cut({ store: 'driver-core-store', component: 'app' });
  expect(await rest(lines)).toEqual(['permission.refused', '[]', 'permission.refused']);
});

test('a grant of one path is enough for that path', async () => {
  box.arbiter.grant('app', at('/ts/blob/mem/latest'), []);
  const lines = app(`
print(store.ts_blob.latest("mem"))
try:
    store.ts_blob.length("mem")
except databox.Refused as error:
    print(error.code)
`);
  expect(await rest(lines)).toEqual(['[]', 'permission.refused']);
});

test('where the owner agreed to aggregates, they are read as agreed, and nothing else is', async () => {
  box.arbiter.grant('app', at('/ts/heat/*'), [{ 'minimum-sample-interval': 60_000 }]);
  const { ts } = box.join('driver').store();
  const points = { 0: 1, 59_999: 3, 60_000: 9 };
  await ts.batch(
    'heat',
    Object.entries(points).map(([time, value]) => ({ timestamp: Number(time), data: { value } })),
  );
  const lines = app(`
print([(entry.timestamp, entry.data["value"]) for entry in store.ts.buckets("heat", "mean", 60000, minimum_sample_interval=60000)])
for read in (
    lambda: store.ts.buckets("heat", "mean", 1, minimum_sample_interval=60000),
    lambda: store.ts.since("heat", 0),
):
    try:
        read()
    except databox.Refused as error:
        print(error.code)
`);
  expect(await rest(lines)).toEqual(['[(60000, 9), (0, 2)]', 'token.forbidden', 'permission.refused']);
});
