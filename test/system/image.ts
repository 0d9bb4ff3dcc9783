/** image — Debian 12 with systemd and its own Docker engine, made by debootstrap once and kept under .cache/system. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/base/run.ts';

const cache = fileURLToPath(new URL('../../.cache/system', import.meta.url));
const mirror = 'http://deb.debian.org/debian';
/** What a Databox on Debian depends on, and what a container needs to be a machine. */
const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'init-system-helpers', 'procps', 'kmod', 'ca-certificates'],
  ...['docker.io', 'iptables', 'ipset', 'iproute2'],
];
/** Units that have nothing to do in a container, or that write into the host's kernel. */
const masked = [
  'systemd-udevd.service',
  'systemd-networkd-wait-online.service',
  'systemd-logind.service',
  'getty.target',
  'apt-daily.timer',
  'fstrim.timer',
];
const twentyMinutes = 1_200_000;

/** Imports the image under the name of this run; disposing removes it. */
export async function machineImage(name: string): Promise<AsyncDisposable & { tag: string }> {
  await sweep();
  const tag = `databox-system:${name}`;
  await run('docker', ['import', '--change', 'CMD ["/sbin/init"]', await archive(), tag], { timeoutMs: 300_000 });
  return { tag, [Symbol.asyncDispose]: async () => void (await run('docker', ['image', 'rm', '--force', tag])) };
}

/** What a run left that was killed: its process, by whose number its image and machine are named, is gone. */
async function sweep(): Promise<void> {
  const ended = (name: string) => !existsSync(`/proc/${/\d+$/.exec(name)?.[0] ?? 'self'}`);
  const names = async (...argv: string[]) => (await run('docker', argv)).split('\n').filter(ended);
  for (const name of await names('ps', '-a', '--filter', 'name=^databox-system-', '--format', '{{.Names}}')) {
    await run('docker', ['rm', '--force', '--volumes', name]);
  }
  for (const tag of await names('image', 'ls', 'databox-system', '--format', '{{.Repository}}:{{.Tag}}')) {
    await run('docker', ['image', 'rm', '--force', tag]);
  }
}

/** @returns the file; `node test/system/image.ts` makes it, so that no test has to wait for it */
async function archive(): Promise<string> {
  const key = createHash('sha256')
    .update(JSON.stringify([packages, masked]))
    .digest('hex')
    .slice(0, 12);
  const file = join(cache, `bookworm-${key}.tar`);
  if (existsSync(file)) return file;
  const root = join(cache, `bookworm-${key}`);
  for (const old of globSync('bookworm-*', { cwd: cache })) await removeRoot(join(cache, old));
  mkdirSync(cache, { recursive: true });
  try {
    const argv = ['--variant=minbase', `--include=${packages.join(',')}`, 'bookworm', root, mirror];
    await run('debootstrap', argv, { timeoutMs: twentyMinutes });
    await run('chroot', [root, 'systemctl', 'mask', ...masked]);
    rmSync(join(root, 'etc/machine-id'), { force: true });
    const without = ['var/cache/apt', 'var/lib/apt/lists'].map((path) => `--exclude=./${path}/*`);
    await run('tar', ['-C', root, ...without, '-cf', `${file}.half`, '.'], { timeoutMs: 300_000 });
    renameSync(`${file}.half`, file);
  } finally {
    await removeRoot(root);
  }
  return file;
}

/** What debootstrap unpacked; one that was stopped may have left its mounts, which are the machine's own proc and sys. */
async function removeRoot(root: string): Promise<void> {
  for (const name of ['proc', 'sys']) await run('umount', [join(root, name)]).catch(() => undefined);
  await run('rm', ['-rf', '--one-file-system', root], { timeoutMs: 120_000 });
}

if (import.meta.main) await archive();
