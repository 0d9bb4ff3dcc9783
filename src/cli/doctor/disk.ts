/** disk — room, file systems and rights of the folders that Databox writes. */
import { access, constants, open, readdir, stat, statfs } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { reserveOf } from '../../base/room.ts';
import { bytes } from '../text.ts';
import { type Check, type Finding, needsRoot, ok, problem, warning } from './check.ts';
import { type Machine, textOf } from './machine.ts';

export function diskChecks(machine: Machine): Check[] {
  const dir = resolve(machine.config['state.dir']);
  const mend = `Make room on that disk, or move the data: --state-dir DIR; sudo du -xh ${dir} | sort -h | tail shows what is large.`;
  return [
    { name: 'disk.state', look: () => stateDirectory(machine, dir) },
    { name: 'disk.room', look: () => roomIn(machine, dir, { whose: 'Databox’ data', mend }) },
    { name: 'disk.databases', look: () => databases(machine, dir) },
    { name: 'disk.temporary', look: () => temporary(machine) },
  ];
}

/** Kept free by the stores; below four times that it is time to act. */
export async function roomIn(machine: Machine, dir: string, o: { whose: string; mend: string }): Promise<Finding> {
  const { bavail, bsize, blocks } = await statfs(join(machine.root, await nearest(machine, dir)));
  const [free, reserve] = [bavail * bsize, reserveOf(blocks * bsize)];
  const found = `${bytes(free)} of ${bytes(blocks * bsize)} are free in ${dir} for ${o.whose}`;
  if (free < reserve) return problem('store.full', `only ${found}`, o.mend);
  return free < 4 * reserve ? warning(`only ${found}`, o.mend) : ok(found);
}

/** The folder, or the first above it that is there. */
export async function nearest(machine: Pick<Machine, 'root'>, dir: string): Promise<string> {
  const there = await stat(join(machine.root, dir)).then(
    () => true,
    (err: NodeJS.ErrnoException) => err.code === 'EACCES',
  );
  return there || dir === '/' ? dir : nearest(machine, dirname(dir));
}

export type Mount = { point: string; type: string; options: string[] };

/** The mount that a folder lies on; the last of those at one point is the one that is seen. */
export async function mountOf(machine: Pick<Machine, 'root'>, dir: string): Promise<Mount | undefined> {
  const mounts = (await textOf(machine, '/proc/self/mountinfo')).split('\n').flatMap((line) => {
    const [before = '', after = ''] = line.split(' - ');
    const [, , , , point = '', options = ''] = before.split(' ');
    const name = point.replaceAll(/\\(\d{3})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 8)));
    const [type = ''] = after.split(' ');
    return point === '' ? [] : [{ point: name, type, options: options.split(',') }];
  });
  const over = mounts.filter(({ point }) => point === '/' || dir === point || dir.startsWith(`${point}/`));
  return over.reduce<Mount | undefined>((best, each) => (each.point.length >= (best?.point.length ?? 0) ? each : best), undefined); // prettier-ignore
}

const journaling = /^(ext3|ext4|xfs|btrfs|f2fs|zfs|jfs|nilfs2|bcachefs|overlay)$/;
const move = 'Put the state directory on an ext4 disk: --state-dir DIR.';

async function stateDirectory(machine: Machine, dir: string): Promise<Finding> {
  const at = await nearest(machine, dir);
  const mount = await mountOf(machine, at);
  const type = mount?.type ?? 'an unknown file system';
  if (/^(tmpfs|ramfs)$/.test(type)) return problem('config.invalid', `${dir} is in memory (${type}): all data is gone after a restart`, move); // prettier-ignore
  if (/^(vfat|exfat|ntfs3?|fuseblk|nfs4?|cifs|smb3|9p)$/.test(type)) {
    return problem('config.invalid', `${dir} is on ${type}, which keeps neither its rights nor its locks`, move);
  }
  const faulty = await rights(machine, dir, at);
  if (faulty) return faulty;
  if (!journaling.test(type)) return warning(`${dir} is on ${type}, which keeps no journal`, move);
  return ok(at === dir ? `${dir} can be written, on ${type}` : `${dir} will be made, on ${type}`);
}

async function rights(machine: Machine, dir: string, at: string): Promise<Finding | undefined> {
  const may = await access(join(machine.root, at), constants.W_OK).then(
    () => '',
    (err: NodeJS.ErrnoException) => err.code ?? 'refused',
  );
  if (may === 'EROFS') {
    return problem('config.invalid', `${dir} is on a disk that is mounted read-only`, 'Look for the disk’s errors with sudo dmesg, repair it, then: sudo mount -o remount,rw DISK.'); // prettier-ignore
  }
  if (may !== '') return machine.isRoot ? problem('config.invalid', `${dir} cannot be written (${may})`, move) : needsRoot(dir); // prettier-ignore
  const { mode } = await stat(join(machine.root, at));
  if (at !== dir || (mode & 0o077) === 0) return undefined;
  return warning(`other users of this machine may look into ${dir} (mode ${(mode & 0o777).toString(8)})`, `Close it: sudo chmod 700 ${dir}.`); // prettier-ignore
}

async function databases(machine: Machine, dir: string): Promise<Finding> {
  const files = await databasesIn(join(machine.root, dir));
  if (files === 'refused') return needsRoot(dir);
  if (files.length === 0) return ok(`there are no databases in ${dir} yet`);
  for (const file of files) {
    if (await isDatabase(join(machine.root, dir, file))) continue;
    return problem('database.damaged', `${join(dir, file)} cannot be read, or is no database`, 'Restore it from a backup.'); // prettier-ignore
  }
  try {
    await machine.checkState(join(machine.root, dir));
  } catch (err) {
    if (!(err instanceof Failure)) throw err;
    if (err.code === 'wipe.unfinished') return problem(err.code, err.message, 'sudo databox wipe');
    if (err.code !== 'database.newer') throw err;
    return problem(err.code, err.message, 'Install the newer version again, or undo its update: sudo databox state restore.'); // prettier-ignore
  }
  return ok(`${files.length} databases in ${dir} are of this version or older`);
}

async function databasesIn(dir: string): Promise<string[] | 'refused'> {
  try {
    const all = await readdir(dir, { recursive: true });
    return all.filter((name) => name.endsWith('.sqlite') && name !== 'lock.sqlite').sort();
  } catch (err) {
    if ((err as NodeJS.ErrnoException).code === 'ENOENT') return [];
    if ((err as NodeJS.ErrnoException).code === 'EACCES') return 'refused';
    throw err;
  }
}

/** A file without a byte is a new one: nothing was committed to it yet. */
async function isDatabase(path: string): Promise<boolean> {
  const head = 'SQLite format 3\0';
  try {
    await using file = await open(path, 'r');
    const { buffer, bytesRead } = await file.read(Buffer.alloc(head.length), 0, head.length, 0);
    return bytesRead === 0 || buffer.toString('latin1') === head;
  } catch {
    return false;
  }
}

/** The single binary maps its native parts from there. */
async function temporary(machine: Machine): Promise<Finding> {
  const dir = resolve(machine.env['TMPDIR'] || '/tmp');
  const mount = await mountOf(machine, await nearest(machine, dir));
  const free = await statfs(join(machine.root, await nearest(machine, dir)));
  const fault = mount?.options.includes('noexec')
    ? `${dir} is mounted noexec`
    : free.bavail * free.bsize < 16 * 1024 * 1024
      ? `${dir} is full`
      : undefined;
  if (fault === undefined) return ok(`${dir} takes temporary files and lets them run`);
  const advice = 'Set TMPDIR to a folder that allows execution and has room: sudo TMPDIR=/var/tmp databox start, or Environment=TMPDIR=/var/tmp in its systemd unit.'; // prettier-ignore
  const found = `${fault}: the single binary cannot unpack its native parts there`;
  return machine.isPackaged ? problem('config.invalid', found, advice) : warning(found, advice);
}
