import { createExternals, type ExternalsOptions } from '../../../../src/network/names/externals.ts';
import { rcode } from '../../../../src/network/names/message.ts';
import { externalKey, nothing, type Tables } from '../../../../src/network/tables.ts';

const asker = '10.0.2.2';
const outside = { asker, name: 'api.example', local: false };
const agreed: Tables = { ...nothing, externals: new Map([[asker, new Map([['api.example', { local: false }]])]]) };

/** The part under test with an upstream that the test writes; time moves when the test says so. */
function world(answers: Record<string, string[] | 'gone' | 'unknown'>, more: Partial<ExternalsOptions> = {}) {
  const log: string[] = [];
  const clock = { now: 0 };
  const externals = createExternals({
    tables: () => agreed,
    lookup: (name) => {
      log.push(`asked ${name}`);
      const addresses = answers[name] ?? 'unknown';
      if (addresses === 'gone') return Promise.resolve({ failed: 'gone' });
      return Promise.resolve({
        addresses: addresses === 'unknown' ? [] : addresses,
        unknown: addresses === 'unknown',
        ttl: 5,
      });
    },
    mayReach: (ip, local) => Promise.resolve(!ip.startsWith('192.168.') || local),
    changed: () => {
      log.push(`rows ${externals.addresses.get(externalKey(asker, 'api.example')) ?? 'closed'}`);
      return Promise.resolve();
    },
    onWithheld: ({ name, addresses }) => log.push(`withheld ${name} ${addresses.join(' ')}`),
    now: () => clock.now,
    ...more,
  });
  return { externals, log, clock };
}

test('the rows lead to the address before there is an answer', async () => {
  const rows = Promise.withResolvers<void>();
  const { externals } = world({ 'api.example': ['203.0.113.9'] }, { changed: () => rows.promise });
  let answered = false;
  const answer = externals.locate(outside).then((located) => ((answered = true), located));
  await new Promise((done) => setTimeout(done, 20));
  expect(answered).toBe(false);
  rows.resolve();
  expect(await answer).toBe('ok');
});

test('an answer is kept for its time, then asked again; a moved name moves its rows', async () => {
  const answers = { 'api.example': ['203.0.113.9'] };
  const { externals, log, clock } = world(answers);
  await externals.locate(outside);
  await externals.locate(outside);
  answers['api.example'] = ['203.0.113.10'];
  clock.now = 5_001;
  await externals.locate(outside);
  expect(log).toEqual(['asked api.example', 'rows 203.0.113.9', 'asked api.example', 'rows 203.0.113.10']);
});

test('the present address stays while upstream gives it, in whatever order', async () => {
  const answers = { 'api.example': ['203.0.113.9', '203.0.113.10'] };
  const { externals, log, clock } = world(answers);
  await externals.locate(outside);
  answers['api.example'] = ['203.0.113.10', '203.0.113.9'];
  clock.now = 5_001;
  expect(await externals.locate(outside)).toBe('ok');
  expect(log.filter((line) => line.startsWith('rows'))).toEqual(['rows 203.0.113.9']);
});

test('twin questions are one', async () => {
  const { externals, log } = world({ 'api.example': ['203.0.113.9'] });
  await Promise.all(Array.from({ length: 50 }, () => externals.locate(outside)));
  expect(log).toEqual(['asked api.example', 'rows 203.0.113.9']);
});

test('a name that leads inward is withheld, and its rows close', async () => {
  const answers = { 'api.example': ['203.0.113.9'] };
  const { externals, log, clock } = world(answers);
  await externals.locate(outside);
  answers['api.example'] = ['192.168.1.1'];
  clock.now = 5_001;
  expect(await externals.locate(outside)).toBe('empty');
  expect(log.slice(2)).toEqual(['asked api.example', 'rows closed', 'withheld api.example 192.168.1.1']);
  expect(externals.addresses.size).toBe(0);
  clock.now = 10_002;
  await externals.locate(outside);
  expect(log.filter((line) => line.startsWith('withheld'))).toHaveLength(1);
  expect(externals.withheld()).toEqual([{ asker, name: 'api.example', addresses: ['192.168.1.1'] }]);
  answers['api.example'] = ['203.0.113.9'];
  clock.now = 15_003;
  expect(await externals.locate(outside)).toBe('ok');
  expect(externals.withheld()).toEqual([]);
});

test('of mixed addresses, one that may be is taken; a device of the house may be at home', async () => {
  const mixed = world({ 'api.example': ['192.168.1.1', '203.0.113.9'] });
  expect(await mixed.externals.locate(outside)).toBe('ok');
  expect([...mixed.externals.addresses.values()]).toEqual(['203.0.113.9']);
  const home = world({ 'api.example': ['192.168.1.1'] });
  expect(await home.externals.locate({ ...outside, local: true })).toBe('ok');
});

test('no server: SERVFAIL, and the last address stays', async () => {
  const answers: Record<string, string[] | 'gone'> = { 'api.example': ['203.0.113.9'] };
  const { externals, clock } = world(answers);
  await externals.locate(outside);
  answers['api.example'] = 'gone';
  clock.now = 5_001;
  expect(await externals.locate(outside)).toBe(rcode.failed);
  expect([...externals.addresses.values()]).toEqual(['203.0.113.9']);
});

test('no such name: NXDOMAIN', async () =>
  expect(await world({ 'api.example': 'unknown' }).externals.locate(outside)).toBe(rcode.unknown));

test('an agreement withdrawn while upstream is asked opens nothing', async () => {
  const { externals, log } = world({ 'api.example': ['203.0.113.9'] }, { tables: () => nothing });
  expect(await externals.locate(outside)).toBe(rcode.unknown);
  expect([log, externals.addresses.size]).toEqual([['asked api.example'], 0]);
});

test('rows that the kernel refuses are no answer, and not remembered', async () => {
  const { externals } = world(
    { 'api.example': ['203.0.113.9'] },
    { changed: () => Promise.reject(new Error('refused')) },
  );
  await expect(externals.locate(outside)).rejects.toThrow('refused');
  expect(externals.addresses.size).toBe(0);
});

test('slow names of one component wait for nobody else, and are at most 32', async () => {
  const { externals } = world(
    {},
    {
      lookup: (name) =>
        name === 'fast' ? Promise.resolve({ addresses: [], unknown: false, ttl: 0 }) : new Promise(() => undefined),
    },
  );
  for (let i = 0; i < 32; i++) void externals.locate({ ...outside, name: `slow-${i}` });
  expect(await externals.locate({ ...outside, name: 'one-more' })).toBe(rcode.failed);
  expect(await externals.locate({ asker: '10.0.3.2', name: 'fast', local: false })).toBe(rcode.unknown);
});

test('names no longer agreed are forgotten', async () => {
  const { externals } = world({ 'api.example': ['203.0.113.9'] });
  await externals.locate(outside);
  externals.prune(agreed);
  expect(externals.addresses.size).toBe(1);
  externals.prune(nothing);
  expect(externals.addresses.size).toBe(0);
});
