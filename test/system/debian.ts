/** debian — what the machines of these tests are made of: Debian 12, kept under .cache/system by what it is made of. */
import { createHash } from 'node:crypto';
import { existsSync, globSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../src/base/run.ts';

const cache = fileURLToPath(new URL('../../.cache/system', import.meta.url));
const suite = 'bookworm';
const mirror = 'http://deb.debian.org/debian';
const twentyMinutes = 1_200_000;
/** What a Databox on Debian depends on, and what a machine needs to start. */
export const packages = [
  ...['systemd', 'systemd-sysv', 'dbus', 'init-system-helpers', 'procps', 'kmod', 'ca-certificates'],
  ...['docker.io', 'iptables', 'ipset', 'iproute2'],
];
/** Units that have nothing to do on a machine without people or a way out. */
export const idle = [
  'systemd-networkd-wait-online.service',
  'systemd-logind.service',
  'getty.target',
  'apt-daily.timer',
  'fstrim.timer',
];

/**
 * A file of the cache, which `make` writes when it is not there; older ones of this kind are removed first.
 * @param recipe  whatever makes another file when it changes
 * @param make    is given the file, and a folder for the machine's root, which is removed afterwards
 */
export async function kept(
  o: { kind: string; ending: string; recipe: unknown },
  make: (file: string, root: string) => Promise<void>,
): Promise<string> {
  const key = createHash('sha256').update(JSON.stringify(o.recipe)).digest('hex').slice(0, 12);
  const root = join(cache, `${o.kind}-${key}`);
  const file = `${root}.${o.ending}`;
  if (existsSync(file)) return file;
  for (const old of globSync(`${o.kind}-*`, { cwd: cache })) await removeRoot(join(cache, old));
  mkdirSync(cache, { recursive: true });
  try {
    await make(file, root);
  } finally {
    await removeRoot(root);
  }
  return file;
}

/** Lays a Debian with these packages below a folder; `options` go to debootstrap. */
export async function bootstrap(root: string, include: readonly string[], ...options: string[]): Promise<void> {
  const argv = ['--variant=minbase', `--include=${include.join(',')}`, ...options, suite, root, mirror];
  await run('debootstrap', argv, { timeoutMs: twentyMinutes });
}

/** What debootstrap unpacked; one that was stopped may have left its mounts, which are the machine's own proc and sys. */
async function removeRoot(root: string): Promise<void> {
  for (const name of ['proc', 'sys']) await run('umount', [join(root, name)]).catch(() => undefined);
  await run('rm', ['-rf', '--one-file-system', root], { timeoutMs: 120_000 });
}
