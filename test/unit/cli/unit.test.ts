import { execFileSync, spawnSync } from 'node:child_process';
import { chmodSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Failure } from '../../../src/base/errors.ts';
import { type Facts, heading, refusalOf, serviceProgram } from '../../../src/cli/service/refusal.ts';
import { changeable } from '../../../src/cli/service/machine.ts';
import { unitText } from '../../../src/cli/service/unit.ts';
import { databox } from './command.ts';

const places = { program: '/bin/true', config: '/etc/databox/config.json' };
const file = join(mkdtempSync(join(tmpdir(), 'dbx-unit-')), 'databox.service');
writeFileSync(file, unitText(places));
/** Values of a key of the unit, in order. */
const valuesOf = (key: string): string[] =>
  unitText(places)
    .split('\n')
    .flatMap((line) => (line.startsWith(`${key}=`) ? [line.slice(key.length + 1)] : []));

describe('the unit', () => {
  test('is one that systemd understands, every word of it', () => {
    const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', file], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([0, '']);
  });
  test('leaves the box exposed to 2.5 of 10 at most', () => {
    const argv = ['security', '--offline=yes', '--no-pager', '--threshold=25', file];
    expect(execFileSync('systemd-analyze', argv, { encoding: 'utf8' })).toMatch(/Overall exposure level.*OK/);
  });
  test('starts this program with these settings', () =>
    expect(valuesOf('ExecStart')).toEqual(['/bin/true start --config /etc/databox/config.json']));
  test('does not start again what was stopped, or would fail again', () => {
    expect(valuesOf('Restart')).toEqual(['always']);
    expect(valuesOf('RestartPreventExitStatus')).toEqual(['0 64 78']);
  });
  test('does not stop with Docker', () => {
    expect([...valuesOf('Requires'), ...valuesOf('BindsTo'), ...valuesOf('PartOf')]).toEqual([]);
    expect([valuesOf('Wants')[0], valuesOf('After')[0]].every((value) => value?.includes('docker.service'))).toBe(true);
  });
});

const fit: Facts = {
  isRoot: true,
  hasSystemd: true,
  packaged: undefined,
  present: undefined,
  program: '/usr/local/bin/databox',
  changeable: undefined,
};
const codeOf = (facts: Partial<Facts>): string => {
  try {
    const refusal = refusalOf({ ...fit, ...facts });
    return refusal ? refusal.code : serviceProgram({ ...fit, ...facts });
  } catch (err) {
    return (err as Failure).code;
  }
};

test.each([
  ['a binary of root', {}, '/usr/local/bin/databox'],
  ['the same again', { present: `${heading}; …` }, '/usr/local/bin/databox'],
  ['another init', { hasSystemd: false }, 'service.unavailable'],
  ['another user', { isRoot: false }, 'user.refused'],
  ['a package', { packaged: '/lib/systemd/system/databox.service' }, 'service.exists'],
  ['a unit of somebody', { present: '[Service]' }, 'service.exists'],
  ['a checkout', { program: undefined }, 'service.program'],
  ['a home', { program: '/home/pi/databox' }, 'service.program'],
  ['a temporary folder', { program: '/tmp/databox' }, 'service.program'],
  ['a name that a unit reads otherwise', { program: '/opt/%h/databox' }, 'service.program'],
  ['what others may exchange', { changeable: '/opt' }, 'service.program'],
] as const)('service install with %s', (_claim, facts, expected) => expect(codeOf(facts)).toBe(expected));

test('a program is trusted as far as every folder above it', () => {
  const dir = mkdtempSync(join(tmpdir(), 'dbx-program-'));
  const program = join(dir, 'databox');
  writeFileSync(program, '', { mode: 0o755 });
  chmodSync(dir, 0o755);
  const [inPrivate, own] = [changeable(program), process.getuid?.() === 0];
  if (own) expect(inPrivate).toBeUndefined();
  chmodSync(dir, 0o777);
  expect(changeable(program)).toBe(own ? dir : program);
});

test('a checkout is refused with a code for scripts, whatever machine this is', async () => {
  const { code: exit, out, err } = await databox(['service', 'install', '--json']);
  // Where systemd runs, the next obstacle: the user, a package's unit, or that this is no binary.
  const { code } = JSON.parse(err) as { code: string };
  expect(['service.unavailable', 'user.refused', 'service.exists', 'service.program']).toContain(code);
  expect([[65, 69, 73, 77].includes(exit as number), out]).toEqual([true, '']);
});
