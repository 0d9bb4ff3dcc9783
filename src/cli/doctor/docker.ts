/** docker — whether the engine is there, answers, and is set up so that Databox can keep its promises. */
import { access, constants } from 'node:fs/promises';
import { request } from 'node:http';
import { join } from 'node:path';
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { run } from '../../base/run.ts';
import { type Check, type Finding, needsRoot, notLooked, ok, once, problem, warning } from './check.ts';
import { roomIn } from './disk.ts';
import { isThere, type Machine, pathEnv, pathsOf, textOf } from './machine.ts';

const Info = z.looseObject({
  ServerVersion: z.string(),
  Driver: z.string(),
  DockerRootDir: z.string(),
  LiveRestoreEnabled: z.boolean().default(false),
  SecurityOptions: z.array(z.string()).nullish(),
  Warnings: z.array(z.string()).nullish(),
});
type Info = z.infer<typeof Info>;
/** What the engine says of itself, or why it says nothing. */
type Answer = { info: Info } | { fault: Finding };
export type Engine = { answer: () => Promise<Answer>; isThere: () => Promise<boolean> };

const pingMs = 5_000;
const start = 'Start it: sudo systemctl enable --now docker.';

export function lookAtDocker(machine: Machine): Engine {
  const answer = once(() => ask(machine));
  return { answer, isThere: async () => 'info' in (await answer()) };
}

export function dockerChecks(machine: Machine, engine: Engine): Check[] {
  const of = (look: (info: Info) => Finding | Promise<Finding>) => async (): Promise<Finding> => {
    const answer = await engine.answer();
    return 'info' in answer ? look(answer.info) : notLooked('Docker does not answer');
  };
  return [
    { name: 'docker.command', look: () => command(machine) },
    {
      name: 'docker.engine',
      deadlineMs: 30_000,
      look: async () => {
        const answer = await engine.answer();
        return 'info' in answer ? version(answer.info.ServerVersion) : answer.fault;
      },
    },
    { name: 'docker.storage', deadlineMs: 30_000, look: of(storage) },
    { name: 'docker.firewall', deadlineMs: 40_000, look: of(() => firewall(machine)) },
    { name: 'docker.users', deadlineMs: 30_000, look: of(users) },
    { name: 'docker.profiles', deadlineMs: 30_000, look: of(() => profiles(machine)) },
    { name: 'docker.restart', deadlineMs: 30_000, look: of(restart) },
    { name: 'docker.warnings', deadlineMs: 30_000, look: of(warnings) },
    {
      name: 'docker.room',
      deadlineMs: 30_000,
      look: of(({ DockerRootDir: dir }) => roomIn(machine, dir, { whose: 'Docker’s images and containers', mend: 'Remove unused images: sudo docker image prune.' })), // prettier-ignore
    },
  ];
}

async function command(machine: Machine): Promise<Finding> {
  for (const folder of pathsOf(machine)) {
    const file = join(folder, 'docker');
    const runs = await access(file, constants.X_OK).then(
      () => true,
      () => false,
    );
    if (folder !== '' && runs) return ok(`the docker command is ${file}`);
  }
  return problem('docker.unavailable', 'there is no docker command on the PATH', 'Install Docker: sudo apt install docker.io (HypriotOS: sudo apt install docker-ce).'); // prettier-ignore
}

/** As the docker command decides it, contexts aside. */
const hostOf = ({ config, env }: Machine): string =>
  config['docker.host'] ?? (env['DOCKER_HOST'] || 'unix:///var/run/docker.sock');

async function ask(machine: Machine): Promise<Answer> {
  const host = hostOf(machine);
  // The command line takes minutes to give up on an engine that hangs, and does not tell it from one that is gone.
  const fault = host.startsWith('unix://') ? await ping(machine, host.slice('unix://'.length)) : undefined;
  if (fault) return { fault };
  if ((await command(machine)).result === 'problem') return { fault: notLooked('there is no docker command') };
  try {
    const argv = ['--host', host, 'info', '--format', '{{json .}}'];
    const text = await run('docker', argv, { code: 'docker.unavailable', timeoutMs: 15_000, env: pathEnv(machine) });
    return { info: Info.parse(JSON.parse(text)) };
  } catch (err) {
    if (!(err instanceof Failure) && !(err instanceof z.ZodError)) throw err;
    const why = err instanceof Failure ? err.message : 'docker info says something that was not understood';
    return { fault: problem('docker.unavailable', why, `Make docker info work first. ${start}`) };
  }
}

/** Returns what is wrong with the engine's socket. */
async function ping(machine: Machine, socketPath: string): Promise<Finding | undefined> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const req = request({ socketPath, path: '/_ping', agent: false, timeout: pingMs });
  const timer = setTimeout(() => resolve('ETIMEDOUT'), pingMs);
  req.once('response', (res) => (res.resume(), resolve('answered')));
  req.on('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? err.message)).end();
  const said = await promise.finally(() => clearTimeout(timer));
  req.destroy();
  if (said === 'answered') return undefined;
  if (said === 'ENOENT') return problem('docker.unavailable', `Docker does not run: there is no ${socketPath}`, start);
  if (said === 'ETIMEDOUT') {
    const found = `Docker hangs: ${socketPath} takes connections and says nothing within ${pingMs / 1_000} s`;
    return problem('docker.unavailable', found, 'Start it again: sudo systemctl restart docker.');
  }
  if (said === 'EACCES' && !machine.isRoot) return needsRoot(`${socketPath} is closed to this user`);
  const found = `nobody answers on ${socketPath} (${said})`;
  return problem('docker.unavailable', found, `${start.slice(0, -1)}; sudo journalctl -u docker says why it ended.`);
}

/** 17.06 made the DOCKER-USER chain; 20.10 is the oldest that Databox is tried with. */
function version(text: string): Finding {
  const [major = 0, minor = 0] = text.split('.').map((part) => parseInt(part, 10));
  const at = major * 100 + minor;
  const newer = 'Install a newer one: sudo apt update && sudo apt install docker.io (HypriotOS: docker-ce).';
  if (at < 1706) return problem('docker.unavailable', `Docker ${text} is too old`, newer);
  if (at < 2010) return warning(`Docker ${text} is older than 20.10, the oldest that Databox is tried with`, newer);
  return ok(`Docker ${text} answers`);
}

function storage({ Driver: driver }: Info): Finding {
  if (/^(overlay2|overlayfs|fuse-overlayfs|btrfs|zfs)$/.test(driver)) return ok(`the storage driver is ${driver}`);
  return warning(
    `the storage driver ${driver} is slow, or no longer kept`,
    'Set "storage-driver": "overlay2" in /etc/docker/daemon.json, then: sudo systemctl restart docker (images have to be pulled again).',
  );
}

async function firewall(machine: Machine): Promise<Finding> {
  if (!machine.isRoot) return needsRoot('Docker’s firewall');
  try {
    return ok(`Docker’s DOCKER-USER chain is visible with ${await (await machine.network()).firewall()}`);
  } catch (err) {
    if (!(err instanceof Failure) || err.code !== 'network.refused') throw err;
    return problem(
      err.code,
      'Docker’s DOCKER-USER chain is not visible with iptables, iptables-nft or iptables-legacy',
      'Install iptables (sudo apt install iptables), take "iptables": false out of /etc/docker/daemon.json, then: sudo systemctl restart docker.',
    );
  }
}

function users({ SecurityOptions: options }: Info): Finding {
  const has = (name: string) => options?.some((option) => option.split(',').includes(`name=${name}`)) === true;
  if (has('rootless')) {
    return problem('network.refused', 'Docker runs rootless, where no rule of Databox reaches its networks', 'Use the system’s engine: sudo systemctl enable --now docker, and unset DOCKER_HOST.'); // prettier-ignore
  }
  if (has('userns')) {
    return problem('config.invalid', 'Docker maps users (userns-remap): components could not read their keys', 'Take "userns-remap" out of /etc/docker/daemon.json, then: sudo systemctl restart docker.'); // prettier-ignore
  }
  return ok('Docker maps no users');
}

/** The engine confines containers by AppArmor where the kernel has it, and starts none when it cannot load its profile. */
async function profiles(machine: Machine): Promise<Finding> {
  const kernels = await textOf(machine, '/sys/module/apparmor/parameters/enabled');
  if (!kernels.startsWith('Y')) return ok('the kernel has no AppArmor profiles to load');
  const folders = ['/sbin', '/usr/sbin', ...pathsOf(machine)];
  const there = await Promise.all(folders.map((folder) => isThere(machine, join(folder, 'apparmor_parser'))));
  if (there.includes(true)) return ok('Docker can load its AppArmor profile');
  return problem('docker.unavailable', 'the kernel has AppArmor and apparmor_parser is missing: Docker starts no container', 'Install it: sudo apt install apparmor, then: sudo systemctl restart docker.'); // prettier-ignore
}

const restart = ({ LiveRestoreEnabled: live }: Info): Finding =>
  ok(live ? 'live-restore is on: components outlive a restart of Docker' : 'live-restore is off: Databox starts components again after a restart of Docker'); // prettier-ignore

/** Of Docker's own warnings, those that touch a promise of ours; the others (swap, open ports of its API) are its owner's. */
function warnings({ Warnings: all }: Info): Finding {
  const ours = (all ?? []).filter((text) => /no (memory|pids|cpu cfs quota) ?limit|no cpu cfs|iptables|loopback/i.test(text)); // prettier-ignore
  if (ours.length === 0) return ok('Docker warns of nothing that matters here');
  const found = ours.map((text) => text.replace(/^WARNING: /i, '')).join('; ');
  return warning(`Docker warns: ${found}`, 'See the checks of limits and of the kernel, then: sudo systemctl restart docker.'); // prettier-ignore
}
