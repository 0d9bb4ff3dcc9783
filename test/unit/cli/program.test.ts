import type { Sources } from '../../../src/base/config.ts';
import { settings } from '../../../src/base/settings.ts';
import { Failure, failures } from '../../../src/base/errors.ts';
import { choose, givenChoices } from '../../../src/cli/choose.ts';
import { cliReference, createProgram, type DevRequest } from '../../../src/cli/index.ts';
import { bytes, table } from '../../../src/cli/text.ts';
import { unasked } from './command.ts';

const never = () => Promise.reject(new Error('not asked for'));
function program() {
  const asked: (Sources | DevRequest)[] = [];
  const note = (what: Sources | DevRequest) => Promise.resolve(void asked.push(what));
  const options = {
    start: note,
    dev: note,
    fetchSource: never,
    verifyBackup: never,
    state: () => Promise.resolve([]),
    wipe: never,
    version: '1.2.3',
  };
  return { asked, program: createProgram({ ...options, doctor: unasked }) };
}
const parse = async (...args: string[]) => {
  const { asked, program: parsed } = program();
  await parsed.parseAsync(['node', 'databox', ...args]);
  return asked[0];
};

describe('start', () => {
  test('takes every setting by its flag, and 0 and empty values as given', async () => {
    const args = [
      '--network-queue',
      '0',
      '--manager-flush-slas',
      '--export-private-hosts',
      'a,b',
      '--owner-host-name',
      '',
    ];
    expect(await parse('start', ...args)).toEqual({
      flags: { 'network.queue': '0', 'manager.flush-slas': true, 'export.private-hosts': 'a,b', 'owner.host-name': '' },
      file: process.env['DATABOX_CONFIG'],
    });
  });
  test('has short names for what people type', async () => {
    const args = [
      '--config',
      'f.json',
      '--password',
      'p',
      '--password-file',
      'pf',
      '--address-pool',
      'ap',
      '--state-dir',
      's',
    ];
    const flags = {
      'owner.password': 'p',
      'owner.password-file': 'pf',
      'network.address-pool': 'ap',
      'state.dir': 's',
    };
    expect(await parse('start', ...args)).toEqual({ flags, file: 'f.json' });
  });
  test('takes what the original called otherwise', async () => {
    const flags = { 'docker.registry': 'me', 'docker.registry-host': 'h', 'manager.regenerate-certificates': 'true' };
    const asked = await parse('start', '--registry', 'me', '--registryHost', 'h', '--regenerateCerts');
    expect(asked).toMatchObject({ flags });
  });
  test('what it throws is thrown on', async () => {
    const start = () => Promise.reject(new Failure('network.overlap', 'no'));
    const parsed = createProgram({
      start,
      dev: start,
      fetchSource: never,
      verifyBackup: never,
      state: start,
      wipe: never,
      version: '1',
      doctor: unasked,
    });
    await expect(parsed.parseAsync(['node', 'databox', 'start'])).rejects.toMatchObject({ code: 'network.overlap' });
  });
});

test('dev takes a port', async () => {
  expect(await parse('dev', '--port', '0')).toMatchObject({ port: 0 });
  await expect(parse('dev', '--port', 'x')).rejects.toMatchObject({ code: 'usage' });
});

describe('the reference', () => {
  const text = cliReference(program().program);
  test.each([
    'start',
    'stop',
    'status',
    'list',
    'install',
    'uninstall',
    'restart',
    'revoke',
    'allow',
    'logs',
    'net',
    'export log',
    'store ls',
    'store get',
    'repo add',
    'repo remove',
    'repo list',
    'repo sync',
    'search',
    'dev',
    'config show',
    'service install',
    'service uninstall',
    'doctor',
    'test',
    'version',
  ])('has databox %s', (name) => expect(text).toContain(`\n## databox ${name}\n`));
  test('has --json for all that prints, and a meaning for every exit code', () => {
    const sections = text.split('\n## databox ').slice(1);
    const without = sections
      .filter((section) => !section.includes('`--json`'))
      .map((section) => section.split('\n')[0]);
    expect(without).toEqual([]);
    for (const { exit } of Object.values(failures)) expect(text).toMatch(new RegExp(`^\\| ${exit} \\| `, 'm'));
  });
  test('lists settings once, in configuration.md', () => {
    expect(Object.keys(settings).filter((name) => text.includes(`\`--${name.replaceAll('.', '-')} `))).toEqual([
      'run.dir',
    ]);
  });
});

describe('choose', () => {
  const wish = (more: object = {}) => ({
    ...{ clientid: 'A', name: 'a', type: 't', required: true, min: 1, max: 1, chosen: [] as string[] },
    candidates: [{ 'item-metadata': [], href: 'one' }],
    ...more,
  });
  const two = [...wish().candidates, { 'item-metadata': [], href: 'two' }];
  test.each([
    ['the only candidate of a needed one', wish(), {}, { A: ['one'] }],
    ['what the command line says, before all else', wish({ chosen: ['x'] }), { A: ['y'] }, { A: ['y'] }],
    ['what the manifest says, before candidates', wish({ chosen: ['x'] }), {}, { A: ['x'] }],
    ['nothing that is not needed', wish({ required: false }), {}, {}],
    ['no one of two', wish({ candidates: two }), {}, {}],
    ['no one where two are needed', wish({ min: 2, max: -1 }), {}, {}],
    ['nothing for a wish that nothing fulfils and nobody needs', wish({ required: false, candidates: [] }), {}, {}],
  ])('takes %s', (_name, one, given, choices) => {
    expect({ ...choose([one], given).choices }).toEqual(choices);
  });
  test('leaves to a person what it does not take, needed ones first', () => {
    const open = choose([wish({ required: false }), wish({ clientid: 'B', candidates: two })], {}).open;
    expect(open.map(({ clientid }) => clientid)).toEqual(['B', 'A']);
  });
  test('refuses what the manifest does not ask for, and what nothing provides', () => {
    expect(() => choose([wish()], { Z: ['x'] })).toThrow(expect.objectContaining({ code: 'usage' }) as Error);
    expect(() => choose([wish({ candidates: [] })], {})).toThrow(
      expect.objectContaining({ code: 'datasource.unknown' }) as Error,
    );
  });
  test('reads clientid=href, with = in the href and one clientid more than once', () => {
    expect({ ...givenChoices(['A=x?y=z', 'A=2', '__proto__=p']) }).toEqual({ A: ['x?y=z', '2'], ['__proto__']: ['p'] });
    for (const bad of ['A', '=x']) expect(() => givenChoices([bad])).toThrow('clientid=href');
  });
});

test('sizes and tables are for reading', () => {
  expect([0, 999, 4_200_000, 1e15].map(bytes)).toEqual(['0 B', '999 B', '4.2 MB', '1000.0 TB']);
  const columns = [
    { title: 'name', of: (n: number) => `n${n}` },
    { title: 'count', of: (n: number) => n, right: true },
  ];
  expect(table([5, 12345], columns)).toBe('name    count\nn5          5\nn12345  12345\n');
  expect(table([], columns, 'none')).toBe('none\n');
});
