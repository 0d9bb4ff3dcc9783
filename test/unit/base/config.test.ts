import { existsSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { loadConfig, loadSetting } from '../../../src/base/config.ts';
import { configFileOf, defaultConfigFile, envOf, flagOf } from '../../../src/base/settings.ts';
import { Failure } from '../../../src/base/errors.ts';

const fileWith = (text: string): string => {
  const file = join(mkdtempSync(join(tmpdir(), 'dbx-config-')), 'config.json');
  writeFileSync(file, text);
  return file;
};
const faultOf = (sources: Parameters<typeof loadConfig>[0]): string => {
  try {
    loadConfig(sources);
    return 'accepted';
  } catch (err) {
    return err instanceof Failure ? `${err.code}: ${err.message}` : String(err);
  }
};

test('names are derived', () => {
  expect(flagOf('network.queue')).toBe('--network-queue');
  expect(envOf('network.public-ranges')).toBe('DATABOX_NETWORK_PUBLIC_RANGES');
});

test('flags beat the environment, which beats the file, which beats the default', () => {
  const file = fileWith('{"network.queue": 1, "container.pids": 64, "owner.http-port": 8000}');
  const env = { DATABOX_NETWORK_QUEUE: '2', DATABOX_CONTAINER_PIDS: '65' };
  const config = loadConfig({ flags: { 'network.queue': 0 }, env, file });
  expect([config['network.queue'], config['container.pids'], config['owner.http-port']]).toEqual([0, 65, 8000]);
  expect(config['log.level']).toBe('info');
  expect(Object.isFrozen(config)).toBe(true);
});

test('a list is an array in the file and comma-separated elsewhere', () => {
  const file = fileWith('{"network.public-ranges": ["198.51.100.0/24"]}');
  expect(loadConfig({ file })['network.public-ranges']).toEqual(['198.51.100.0/24']);
  const env = { DATABOX_EXPORT_PRIVATE_HOSTS: 'nas.lan, 10.0.0.1' };
  expect(loadConfig({ env })['export.private-hosts']).toEqual(['nas.lan', '10.0.0.1']);
});

test.each([
  ['unknown key', { file: fileWith('{"netwrok.queue": 1}') }, /config\.invalid: .*unknown setting netwrok\.queue/],
  ['empty value', { env: { DATABOX_STATE_DIR: '' } }, /config\.invalid: state\.dir/],
  ['out of range', { flags: { 'owner.https-port': '70000' } }, /config\.invalid: owner\.https-port/],
  ['bad block', { flags: { 'network.address-pool': '10.0.0.0' } }, /must be a block/],
  ['no JSON', { file: fileWith('{') }, /config\.invalid: .*not a JSON object/],
  ['no file', { file: '/nonexistent/databox.json' }, /config\.invalid/],
] as const)('%s is refused', (_claim, sources, expected) => expect(faultOf(sources)).toMatch(expected));

describe('the file of settings', () => {
  test('is what the command line names, else the environment, else the machine’s', () => {
    expect(configFileOf('a.json', { DATABOX_CONFIG: 'b.json' })).toBe('a.json');
    expect(configFileOf(undefined, { DATABOX_CONFIG: 'b.json' })).toBe('b.json');
    expect(configFileOf(undefined, {})).toBe(existsSync(defaultConfigFile) ? defaultConfigFile : undefined);
  });
  test('one setting is read whatever else is wrong with the others', () => {
    const file = fileWith('{"run.dir": "/run/other", "log.level": "loud", "nonsense": 1}');
    expect(loadSetting('run.dir', { file })).toBe('/run/other');
    expect(loadSetting('run.dir', { file, env: { DATABOX_RUN_DIR: '/run/third' } })).toBe('/run/third');
    expect(loadSetting('run.dir', {})).toBe('/run/databox');
    expect(() => loadSetting('log.level', { file })).toThrow(/log\.level/);
  });
});
