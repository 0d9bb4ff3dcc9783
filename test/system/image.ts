/** image — Debian 12 with systemd and its own Docker engine, made by debootstrap once and kept. */
import { existsSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { bootstrap, idle, kept, packages } from './debian.ts';

/** In a container, udev would write into the host's kernel. */
const masked = ['systemd-udevd.service', ...idle];

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
const archive = () =>
  kept({ kind: 'bookworm', ending: 'tar', recipe: [packages, masked] }, async (file, root) => {
    await bootstrap(root, packages);
    await run('chroot', [root, 'systemctl', 'mask', ...masked]);
    rmSync(join(root, 'etc/machine-id'), { force: true });
    const without = ['var/cache/apt', 'var/lib/apt/lists'].map((path) => `--exclude=./${path}/*`);
    await run('tar', ['-C', root, ...without, '-cf', `${file}.half`, '.'], { timeoutMs: 300_000 });
    renameSync(`${file}.half`, file);
  });

if (import.meta.main) await archive();
