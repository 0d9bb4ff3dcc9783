import { jest } from '@jest/globals';
import { renameSync } from 'node:fs';
import { once } from 'node:events';
import { createServer as createHttp } from 'node:http';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { examine, exitOf, type Outcome } from '../../../../src/cli/doctor/check.ts';
import { dockerChecks, lookAtDocker } from '../../../../src/cli/doctor/docker.ts';
import { folder, machineWith, saying } from './machine.ts';

jest.setTimeout(30_000);

async function look(env: Record<string, string>, root = '/'): Promise<Record<string, Outcome> & { exit: Outcome }> {
  const machine = machineWith({}, { env, root });
  const checks = dockerChecks(machine, lookAtDocker(machine)).filter(({ name }) => name !== 'docker.firewall');
  const outcomes = await examine(checks);
  const exit = exitOf(outcomes);
  const byName = Object.fromEntries(outcomes.map((outcome) => [outcome.check.replace('docker.', ''), outcome]));
  return { ...byName, exit: exit as never };
}

const listenOn = async (server: Server, path: string) => {
  await once(server.listen(path), 'listening');
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => void server.close(() => done())) };
};

test('a machine without Docker: how to install it, and exit code 69', async () => {
  using empty = folder();
  const found = await look({ PATH: empty.dir, DOCKER_HOST: `unix://${empty.dir}/docker.sock` });
  expect(found['command']).toMatchObject({
    result: 'problem',
    advice: saying('apt install docker.io'),
  });
  expect(found['engine']?.found).toContain(`there is no ${empty.dir}/docker.sock`);
  expect(found['engine']?.advice).toContain('systemctl enable --now docker');
  expect(found['storage']).toMatchObject({ result: 'warning', found: 'not checked: Docker does not answer' });
  expect(found.exit).toBe(69);
});

test('a socket that an engine left behind: nobody answers, exit code 69', async () => {
  using dir = folder();
  const dead = join(dir.dir, 'docker.sock');
  {
    const server = createServer();
    await using open = new AsyncDisposableStack();
    open.use(await listenOn(server, join(dir.dir, 'first.sock')));
    renameSync(join(dir.dir, 'first.sock'), dead);
  }
  const found = await look({ PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${dead}` });
  expect(found['engine']).toMatchObject({ result: 'problem', found: `nobody answers on ${dead} (ECONNREFUSED)` });
  expect(found['engine']?.advice).toContain('journalctl -u docker');
  expect(found.exit).toBe(69);
});

test('an engine that takes connections and never answers: hangs, restart it, exit code 69', async () => {
  using dir = folder();
  const path = join(dir.dir, 'docker.sock');
  const taken: { destroy(): unknown }[] = [];
  await using open = new AsyncDisposableStack();
  open.use(
    await listenOn(
      createServer((socket) => taken.push(socket)),
      path,
    ),
  );
  const found = await look({ PATH: process.env['PATH'] ?? '', DOCKER_HOST: `unix://${path}` });
  for (const socket of taken) socket.destroy();
  expect(taken.length).toBeGreaterThan(0);
  expect(found['engine']).toMatchObject({
    result: 'problem',
    advice: 'Start it again: sudo systemctl restart docker.',
  });
  expect(found['engine']?.found).toMatch(/^Docker hangs: .* within 5 s$/);
  expect(found.exit).toBe(69);
});

describe('an engine (simulated: its socket answers a ping, its command prints this)', () => {
  const info = { ServerVersion: '24.0.7', Driver: 'overlay2', DockerRootDir: '/', LiveRestoreEnabled: true };
  const lookAt = async (more: object, files: Record<string, string> = {}) => {
    const printed = JSON.stringify({ ...info, ...more });
    using dir = folder({ ...files, docker: `#!/bin/sh\necho '${printed}'\n` });
    const path = join(dir.dir, 'docker.sock');
    await using open = new AsyncDisposableStack();
    open.use(
      await listenOn(
        createHttp((_req, res) => res.end('OK')),
        path,
      ),
    );
    return await look({ PATH: dir.dir, DOCKER_HOST: `unix://${path}` }, dir.dir);
  };
  test.each([
    ['as it should be', {}, 'engine', 'ok', 'Docker 24.0.7 answers', 0],
    ['older than any that was tried', { ServerVersion: '19.03.5' }, 'engine', 'warning', 'older than 20.10', 0],
    ['too old', { ServerVersion: '17.03.2-ce' }, 'engine', 'problem', 'too old', 69],
    ['with a slow storage driver', { Driver: 'vfs' }, 'storage', 'warning', 'vfs is slow', 0],
    ['that maps users', { SecurityOptions: ['name=userns'] }, 'users', 'problem', 'userns-remap', 78],
    [
      'that is rootless',
      { SecurityOptions: ['name=seccomp,profile=default', 'name=rootless'] },
      'users',
      'problem',
      'rootless',
      71,
    ],
    ['with live-restore', {}, 'restart', 'ok', 'live-restore is on', 0],
    [
      'that cannot limit memory',
      { Warnings: ['WARNING: No memory limit support', 'WARNING: No swap limit support'] },
      'warnings',
      'warning',
      'Docker warns: No memory limit support',
      0,
    ],
  ] as const)('%s', async (_name, more, check, result, found, exit) => {
    const outcomes = await lookAt(more);
    expect(outcomes[check]).toMatchObject({ result, found: saying(found) });
    expect(outcomes.exit).toBe(exit);
    expect(outcomes[check]?.advice === null).toBe(result === 'ok');
  });
  test('on a kernel with AppArmor and no program that loads a profile: install it, exit code 69', async () => {
    const kernel = { 'sys/module/apparmor/parameters/enabled': 'Y\n' };
    const outcomes = await lookAt({}, kernel);
    expect(outcomes['profiles']).toMatchObject({ result: 'problem', advice: saying('apt install apparmor') });
    expect(outcomes.exit).toBe(69);
    const whole = await lookAt({}, { ...kernel, 'sbin/apparmor_parser': '' });
    expect(whole['profiles']).toMatchObject({ result: 'ok' });
    expect(whole.exit).toBe(0);
    expect((await lookAt({}, { 'sys/module/apparmor/parameters/enabled': 'N\n' }))['profiles']?.result).toBe('ok');
  });
});
