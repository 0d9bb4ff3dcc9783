/** image — Debian 12 for arm64 with its own kernel, laid by debootstrap, set up by its first boot, and kept. */
import { chmodSync, cpSync, globSync, lstatSync, mkdirSync, readFileSync, renameSync, rmSync } from 'node:fs';
import { writeFileSync } from 'node:fs';
import { basename, join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { bootstrap, idle, kept, packages } from '../system/debian.ts';
import { emulate } from './emulator.ts';

/** The kernel is taken out of its package: an initrd made by Debian's tools would cost minutes of emulation. */
const added = [
  ...['linux-image-arm64', 'busybox-static', 'qemu-guest-agent'],
  // Only recommended, but on a kernel with AppArmor, as Debian's is, the engine starts no container without it.
  'apparmor',
];
const onlyFetched = /^(linux-image-.*|linux-base|initramfs-tools.*|klibc-utils|libklibc|cpio)$/;
const drivers = ['virtio', 'block', 'net', 'char'];
const forTheDisk = ['virtio_mmio', 'virtio_blk', 'crc32c_generic', 'ext4'];
const scripts = ['second-stage', 'initrd-init'].map((name) => join(import.meta.dirname, name));
const [secondStage = '', init = ''] = scripts;
const anHour = 3_600_000;

/** @returns the folder that the emulator boots; `node test/boot/image.ts` makes it, so that no test has to wait */
export const system = (): Promise<string> => {
  const recipe = [packages, added, idle, drivers, forTheDisk, scripts.map((file) => readFileSync(file, 'utf8'))];
  return kept({ kind: 'arm64', ending: 'boot', recipe }, async (folder, root) => {
    const half = `${folder}.half`;
    mkdirSync(half, { recursive: true });
    await bootstrap(root, [...packages, ...added], '--foreign', '--arch=arm64');
    await takeKernel(root, half);
    prepare(root);
    await run('truncate', ['--size=4G', join(half, 'disk')]);
    await run('mkfs.ext4', ['-q', '-d', root, join(half, 'disk')], { timeoutMs: 300_000 });
    const said = await emulate({ system: half }, { boot: '/second-stage', timeoutMs: anHour });
    if (!said.some((line) => line.includes('second stage: complete'))) throw new Error(said.slice(-40).join('\n'));
    renameSync(half, folder);
  });
};

/** Unpacks kernel and modules, those that a machine without hardware has no use for left out, and makes the initrd. */
async function takeKernel(root: string, to: string): Promise<void> {
  const tree = join(root, 'kernel');
  const [archive = ''] = globSync(join(root, 'var/cache/apt/archives/linux-image-6*.deb'));
  await run('dpkg-deb', ['--extract', archive, tree], { timeoutMs: 300_000 });
  const [modules = ''] = globSync(join(tree, 'lib/modules/*'));
  const version = basename(modules);
  const idleOnes = globSync(['drivers/*', 'sound', 'drivers/net/*/'], { cwd: join(modules, 'kernel') });
  for (const path of idleOnes.filter((path) => !drivers.includes(path.replace('drivers/', '')))) {
    rmSync(join(modules, 'kernel', path), { recursive: true, force: true });
  }
  cpSync(join(tree, `boot/vmlinuz-${version}`), join(to, 'vmlinuz'));
  // Not unpacked in place: /lib is a link there, and would be replaced by a folder.
  cpSync(join(tree, 'lib/modules'), join(root, 'usr/lib/modules'), { recursive: true });
  rmSync(tree, { recursive: true });
  await run('depmod', ['-b', root, version]);
  await makeInitrd(root, version, join(to, 'initrd'));
}

async function makeInitrd(root: string, version: string, file: string): Promise<void> {
  const tree = join(root, 'initrd');
  for (const dir of ['bin', 'lib']) mkdirSync(join(tree, dir), { recursive: true });
  const [archive = ''] = globSync(join(root, 'var/cache/apt/archives/busybox-static_*.deb'));
  await run('dpkg-deb', ['--extract', archive, join(tree, 'deb')]);
  cpSync(join(tree, 'deb/bin/busybox'), join(tree, 'bin/busybox'));
  rmSync(join(tree, 'deb'), { recursive: true });
  const needed = ['-d', root, '-S', version, '--show-depends', '--all', ...forTheDisk];
  const files = (await run('modprobe', needed)).split('\n').flatMap((line) => /^insmod (\S+)/.exec(line)?.[1] ?? []);
  const modules = [...new Set(files)];
  for (const module of modules) cpSync(module, join(tree, 'lib', basename(module)));
  writeFileSync(join(tree, 'modules'), modules.map((module) => `${basename(module)}\n`).join(''));
  cpSync(init, join(tree, 'init'));
  chmodSync(join(tree, 'init'), 0o755);
  const pack = 'cd "$1" && find . | cpio --quiet --create --format=newc | gzip -1 >"$2"';
  await run('sh', ['-c', pack, 'sh', tree, file]);
  rmSync(tree, { recursive: true });
}

function prepare(root: string): void {
  const list = join(root, 'debootstrap/base');
  const names = readFileSync(list, 'utf8').trim().split(/\s+/);
  writeFileSync(list, names.filter((name) => !onlyFetched.test(name)).join(' '));
  cpSync(secondStage, join(root, 'second-stage'));
  writeFileSync(join(root, 'second-stage.masked'), idle.join(' '));
  writeFileSync(join(root, 'etc/hostname'), 'box\n');
  // Where debootstrap itself runs in a container, it makes a link to a folder that it takes for the host's.
  for (const name of ['proc', 'sys']) {
    if (lstatSync(join(root, name)).isSymbolicLink()) rmSync(join(root, name));
    mkdirSync(join(root, name), { recursive: true });
  }
}

if (import.meta.main) console.log(await system());
