import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import {
  closeSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  openSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { run } from '../../../src/base/run.ts';
import { addresses } from './addresses.ts';
import { limitMemory, type SmallMemory } from './memory.ts';
import { until } from './until.ts';

export type Room = 'box' | 'lan' | 'net';
export const rooms = ['box', 'lan', 'net'] as const;

export type House = AsyncDisposable & {
  /** `dbxrig-1a2b3c`: every namespace, control group and folder of this run begins with it. */
  readonly id: string;
  /** Folder of this run, seen by the machine and the box under the same path. */
  readonly dir: string;
  /** Process 1 of the box, in the machine's numbering. */
  readonly init: number;
  /** The argv that runs `argv` in a room's network, with the machine's files and processes. */
  inRoom(room: Room, argv: readonly string[]): string[];
  /** The argv that runs `argv` as a program of the box: its network, its mounts, its processes. */
  asBox(argv: readonly string[]): string[];
  ip(room: Room, command: string): Promise<string>;
  /** Of a house that was opened with a limit. */
  readonly memory?: SmallMemory;
};

const prefix = 'dbxrig-';
const scratch = '/tmp';

/**
 * Makes the three rooms and starts the box's process 1 in namespaces of its own. Whatever runs in the box, and every
 * mount it makes, ends with that process, so that nothing can outlive the run.
 */
export async function openHouse({ memoryMb }: { memoryMb?: number } = {}): Promise<House> {
  await sweep();
  const id = `${prefix}${randomBytes(3).toString('hex')}`;
  const dir = mkdtempSync(join(scratch, `${id}-`));
  writeFileSync(join(dir, 'owner'), String(process.pid));
  await using undo = new AsyncDisposableStack();
  undo.defer(() => demolish(id));
  for (const room of rooms) await run('ip', ['netns', 'add', `${id}-${room}`]);
  const init = await startInit(id, dir);
  const inRoom: House['inRoom'] = (room, argv) => ['nsenter', `--net=/run/netns/${id}-${room}`, '--', ...argv];
  const memory = memoryMb === undefined ? undefined : limitMemory(id, memoryMb);
  const enter = ['nsenter', '-t', String(init), '-m', '-p', '-n', '-u', '--'];
  const asBox: House['asBox'] = (argv) => (memory ? memory.within([...enter, ...argv]) : [...enter, ...argv]);
  const ip: House['ip'] = (room, command) => run('ip', ['-n', `${id}-${room}`, ...command.split(' ')]);
  await wire({ id, ip });
  const kept = undo.move();
  return {
    id,
    dir,
    init,
    inRoom,
    asBox,
    ip,
    ...(memory && { memory }),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}

/** The box has its own /sys and resolv.conf as a machine has; `ip netns exec` alone would lose the control groups. */
const initScript = `
set -e
mkdir -p "$1/cgroup"
mount --rbind /sys/fs/cgroup "$1/cgroup"
umount -l /sys
mount -t sysfs sysfs /sys
mount --rbind "$1/cgroup" /sys/fs/cgroup
umount -l "$1/cgroup"
echo 'nameserver 127.0.0.1' > "$1/resolv.conf"
mount --bind "$1/resolv.conf" "$(readlink -f /etc/resolv.conf)"
hostname databox-rig
touch "$1/init.ready"
exec tini -- sleep infinity
`;

async function startInit(id: string, dir: string): Promise<number> {
  const own = ['--mount', '--pid', '--uts', '--fork', '--mount-proc', '--kill-child', '--propagation', 'slave'];
  const script = reaper() === 'tini' ? initScript : initScript.replace('tini --', `${reaper()} --`);
  const argv = [...own, 'nsenter', `--net=/run/netns/${id}-box`, 'bash', '-c', script, 'init', dir];
  // Dies with the test process, and takes the box with it.
  const log = openSync(join(dir, 'init.log'), 'a');
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', 'unshare', ...argv], { stdio: ['ignore', log, log] });
  closeSync(log);
  child.unref();
  const ready = () => existsSync(join(dir, 'init.ready')) || undefined;
  await until('the box’s process 1', ready, { timeoutMs: 10_000 }).catch((cause: unknown) => {
    throw new Error(readFileSync(join(dir, 'init.log'), 'utf8'), { cause });
  });
  const init = Number(readFileSync(`/proc/${child.pid}/task/${child.pid}/children`, 'utf8').trim());
  writeFileSync(join(dir, 'init'), String(init));
  return init;
}

const reaper = (): string => (existsSync('/usr/bin/tini') ? 'tini' : 'docker-init');

async function wire({ id, ip }: { id: string; ip: House['ip'] }): Promise<void> {
  const { box, lan, net, anycast } = addresses;
  for (const room of ['lan', 'net'] as const) {
    await ip('box', `link add ${room}0 type veth peer name eth0 netns ${id}-${room}`);
  }
  const plan: [Room, string[]][] = [
    ['box', ['link set lo up', 'link set lan0 up', 'link set net0 up']],
    ['box', [`addr add ${box.lan}/24 dev lan0`, `addr add ${box.net}/24 dev net0`]],
    ['box', [`-6 addr add ${box.net6}/64 dev net0 nodad`, `route add default via ${net.gateway}`]],
    ['box', [`-6 route add default via ${net.gateway6}`]],
    ['lan', ['link set lo up', 'link set eth0 up', `addr add ${lan}/24 dev eth0`]],
    ['lan', [`route add default via ${box.lan}`]],
    ['net', ['link set lo up', 'link set eth0 up', `addr add ${net.gateway}/24 dev eth0`]],
    ['net', [`addr add ${net.dns}/24 dev eth0`, `-6 addr add ${net.gateway6}/64 dev eth0 nodad`]],
    ['net', [`route add default via ${box.net}`, `-6 route add default via ${box.net6}`]],
    ['net', anycast.map((block) => `route add local ${block} dev lo`)],
  ];
  for (const [room, commands] of plan) for (const command of commands) await ip(room, command);
}

/** Ends the box, then removes what names it. A leftover that cannot be removed is an error, never silence. */
async function demolish(id: string): Promise<void> {
  for (const dir of readdirSync(scratch).filter((name) => name.startsWith(`${id}-`))) {
    const file = join(scratch, dir, 'init');
    const init = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    if (init > 1) await end(init);
  }
  for (const room of rooms) {
    if (existsSync(`/run/netns/${id}-${room}`)) await run('ip', ['netns', 'del', `${id}-${room}`]);
  }
  await run('find', ['/sys/fs/cgroup', '-depth', '-type', 'd', '-path', `*/${id}*`, '-exec', 'rmdir', '{}', ';']);
  for (const dir of readdirSync(scratch).filter((name) => name.startsWith(`${id}-`))) {
    rmSync(join(scratch, dir), { recursive: true, force: true, maxRetries: 10, retryDelay: 200 });
  }
  const left = await leftovers(id);
  if (left.length > 0) throw new Error(`the rig left behind: ${left.join(', ')}`);
}

/** Kills a box's process 1 and waits for its end; a number that another program has by now is left alone. */
async function end(init: number): Promise<void> {
  const isInit = () => existsSync(`/proc/${init}/comm`) && /^(tini|docker-init|bash)$/.test(comm(init));
  if (!isInit()) return;
  process.kill(init, 'SIGKILL');
  await until('the end of the box', () => !existsSync(`/proc/${init}`) || undefined, { timeoutMs: 20_000 });
}

const comm = (pid: number): string => readFileSync(`/proc/${pid}/comm`, 'utf8').trim();

/** What still names this run: namespaces, control groups, mounts, folders. */
export async function leftovers(id: string): Promise<string[]> {
  const named = (paths: readonly string[]) => paths.filter((path) => path.includes(id));
  const groups = await run('find', ['/sys/fs/cgroup', '-type', 'd', '-path', `*/${id}*`]);
  return [
    ...named(existsSync('/run/netns') ? readdirSync('/run/netns') : []).map((name) => `namespace ${name}`),
    ...groups
      .split('\n')
      .filter(Boolean)
      .map((path) => `control group ${path}`),
    ...named(readFileSync('/proc/self/mounts', 'utf8').split('\n'))
      .filter((line) => !line.includes('/run/netns/'))
      .map((line) => `mount ${line}`),
    ...named(readdirSync(scratch)).map((name) => `folder ${name}`),
  ];
}

/** Removes what runs of this rig left whose test process has ended (a crash, a kill). */
async function sweep(): Promise<void> {
  mkdirSync(scratch, { recursive: true });
  for (const dir of readdirSync(scratch).filter((name) => name.startsWith(prefix))) {
    const owner = existsSync(join(scratch, dir, 'owner')) ? readFileSync(join(scratch, dir, 'owner'), 'utf8') : '';
    if (owner === '' || existsSync(`/proc/${owner}`)) continue;
    await demolish(dir.split('-').slice(0, 2).join('-'));
  }
}
