import { jest } from '@jest/globals';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import dns from 'dns-packet';
import { Failure } from '../../../../src/base/errors.ts';
import { addressChecks } from '../../../../src/cli/doctor/addresses.ts';
import { boxChecks, lookAtBox } from '../../../../src/cli/doctor/box.ts';
import { examine, exitOf, needsRoot, ok, type Outcome, problem, warning } from '../../../../src/cli/doctor/check.ts';
import { lookAtDocker } from '../../../../src/cli/doctor/docker.ts';
import { reportOf } from '../../../../src/cli/doctor/report.ts';
import type { SettingName } from '../../../../src/base/config.ts';
import { startAdminBox } from '../../manager/web/admin-box.ts';
import { folder, machineWith, saying } from './machine.ts';

jest.setTimeout(30_000);

describe('checks', () => {
  test('one that throws and one that hangs are answers, and the others are still asked', async () => {
    const outcomes = await examine([
      { name: 'a.throws', look: () => Promise.reject(new TypeError('oops')) },
      { name: 'a.fails', look: () => Promise.reject(new Failure('network.overlap', 'in the way')) },
      { name: 'a.hangs', deadlineMs: 50, look: () => new Promise(() => {}) },
      { name: 'a.is-well', look: () => ok('fine') },
    ]);
    expect(outcomes.map(({ check, result, code }) => [check, result, code])).toEqual([
      ['a.throws', 'problem', 'internal'],
      ['a.fails', 'problem', 'network.overlap'],
      ['a.hangs', 'problem', 'command.failed'],
      ['a.is-well', 'ok', undefined],
    ]);
    expect(outcomes[0]?.found).toBe('the check itself failed: oops');
    expect(outcomes[2]?.found).toBe('no answer within 0.05 s');
  });
  const named = (finding: object) => ({ check: 'a.b', ...finding }) as Outcome;
  const [service, kernel, setting, defect] = (['docker.unavailable', 'network.refused', 'config.invalid', 'internal'] as const).map((code) => named(problem(code, 'x', 'y'))) as [Outcome, Outcome, Outcome, Outcome]; // prettier-ignore
  test.each([
    ['all is well', [named(ok('x'))], 0],
    ['warnings', [named(warning('x', 'y'))], 0],
    ['root has to look', [named(ok('x')), named(needsRoot())], 77],
    ['a setting, and root has to look', [named(needsRoot()), setting], 78],
    ['a service before a setting', [setting, service], 69],
    ['the kernel before all', [service, setting, kernel, defect], 71],
    ['a defect last', [defect, setting], 78],
    ['a defect alone', [defect], 70],
  ])('exit code: %s', (_name, outcomes, exit) => expect(exitOf(outcomes)).toBe(exit));
});

test('U08 the report is aligned, sums up, and foreign text in it is inert', () => {
  const outcomes = [
    { check: 'docker.engine', ...ok('fine') },
    { check: 'kernel.queue', ...problem('network.refused', 'no \u001b[2J', 'Do this.') },
    { check: 'kernel.a-longer-name', ...needsRoot() },
  ];
  expect(reportOf(outcomes)).toBe(
    [
      'Docker',
      '  ok       engine         fine',
      '',
      'Kernel',
      '  problem  queue          no \\u001b[2J',
      '                          Do this.',
      '  warning  a-longer-name  not checked: only root may look',
      '                          Look as root: sudo databox doctor.',
      '',
      '1 problem, 1 warning, 1 ok; 1 check for root only: sudo databox doctor',
      '',
    ].join('\n'),
  );
});

describe('addresses', () => {
  const lookAt = async (name: string, flags: Partial<Record<SettingName, unknown>>) => {
    using empty = folder();
    const env = { ...process.env, DOCKER_HOST: `unix://${empty.dir}/none.sock` };
    const machine = machineWith({ 'run.dir': empty.dir, ...flags }, { env });
    const checks = addressChecks(machine, lookAtDocker(machine), lookAtBox(machine));
    const [outcome] = await examine(checks.filter((check) => check.name === `addresses.${name}`));
    return { ...outcome, exit: exitOf(outcome ? [outcome] : []) };
  };
  const nameServer = async (answers: dns.Answer[]) => {
    const socket = createSocket('udp4');
    socket.on('message', (message, { port, address }) => {
      const { id = 0, questions = [] } = dns.decode(message);
      socket.send(dns.encode({ type: 'response', id, questions, answers, flags: 0 }), port, address);
    });
    await once(socket.bind(0, '127.0.0.1'), 'listening');
    return { at: `127.0.0.1:${socket.address().port}`, [Symbol.dispose]: () => void socket.close() };
  };
  const repository = { 'appstore.repositories': 'https://manifests.example/store' };
  test('a pool that overlaps an address of this machine: which, a free one, exit code 78', async () => {
    const found = await lookAt('pool', { 'network.address-pool': '127.0.0.0/16' });
    expect(found).toMatchObject({ result: 'problem', exit: 78 });
    expect(found.found).toContain('127.0.0.0/16 overlaps 127.0.0.1/8 (address of lo)');
    expect(found.advice).toContain('--address-pool');
  });
  test('the repository’s name is asked of the configured server', async () => {
    using server = await nameServer([{ type: 'A', name: 'manifests.example', data: '192.0.2.7', ttl: 5 }]);
    expect(await lookAt('names', { 'network.upstream': server.at, ...repository })).toMatchObject({ result: 'ok', found: '127.0.0.1 knows manifests.example' }); // prettier-ignore
  });
  test('a server that does not know it: a warning, exit code 0', async () => {
    using server = await nameServer([]);
    expect(await lookAt('names', { 'network.upstream': server.at, ...repository })).toMatchObject({ result: 'warning', exit: 0, found: saying('knows no address of manifests.example') }); // prettier-ignore
  });
  test('no name server answers: a warning that says what still works, exit code 0', async () => {
    const { at } = await nameServer([]).then((server) => (server[Symbol.dispose](), server));
    const found = await lookAt('names', { 'network.upstream': at, ...repository });
    expect(found).toMatchObject({
      result: 'warning',
      exit: 0,
      found: saying('works in the house only'),
    });
    expect(found.advice).toContain('--network-upstream ADDRESS');
  });
});

describe('databox', () => {
  const lookAt = async (runDir: string, fault?: Failure) => {
    const outcomes = await examine(boxChecks(fault, lookAtBox(machineWith({ 'run.dir': runDir }))));
    return Object.fromEntries(outcomes.map((outcome) => [outcome.check, { ...outcome, exit: exitOf([outcome]) }]));
  };
  test('a running one is asked, and its problems are repeated', async () => {
    await using box = await startAdminBox();
    const found = (await lookAt(box.runDir))['databox.status'];
    expect(found).toMatchObject({
      result: 'problem',
      exit: 71,
      found: expect.stringMatching(/^Databox runs, but: ./) as string,
    });
  });
  test('none is no problem; a setting is one, exit code 78', async () => {
    using empty = folder();
    const found = await lookAt(empty.dir, new Failure('config.invalid', 'network.queue: too big'));
    expect(found['databox.status']).toMatchObject({ result: 'ok', found: 'Databox does not run' });
    expect(found['databox.settings']).toMatchObject({ result: 'problem', exit: 78, found: 'network.queue: too big' });
  });
});
