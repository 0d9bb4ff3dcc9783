/** node — the Node binaries of npm's packages, stripped, where pkg looks for what it would else download. */
import { createHash } from 'node:crypto';
import {
  chmodSync,
  copyFileSync,
  existsSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { root, type Target, work } from './paths.ts';

type Lock = { packages: Record<string, { version: string; integrity: string }> };
const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
const locked = (target: Target) => {
  const entry = lock.packages[`node_modules/node-linux-${target.arch}`];
  if (!entry) throw new Error(`package-lock.json has no node-linux-${target.arch}`);
  return entry;
};

/** Node's version in the binary, for example `24.21.0`. */
export const nodeVersion = (target: Target): string => locked(target).version;

/**
 * Fills pkg's cache under a home directory of the build's own.
 *
 * Stripped before anything is added: symbols of Node itself are 14 MB that nobody reads, and a binary that is stripped
 * with its blob inside does not start.
 * @returns that home directory
 */
export async function cacheNode(target: Target): Promise<string> {
  const home = join(work, 'home');
  const archive = join(home, '.pkg-cache/sea', `node-v${nodeVersion(target)}-linux-${target.arch}.tar.gz`);
  const node = join(archive.replace('.tar.gz', ''), 'bin/node');
  if (existsSync(`${node}.ok`)) return home;
  mkdirSync(dirname(node), { recursive: true });
  copyFileSync(await nodeOf(target), node);
  chmodSync(node, 0o755);
  await run(target.strip, ['--strip-all', node]);
  // What pkg asks for before it uses a binary that it has: an archive, and that both were complete.
  for (const mark of [archive, `${archive}.ok`, `${node}.ok`]) writeFileSync(mark, '');
  return home;
}

/** From node_modules; npm installs only this machine's, the other is fetched and checked against the lock file. */
export async function nodeOf(target: Target): Promise<string> {
  const name = `node-linux-${target.arch}`;
  const installed = join(root, 'node_modules', name, 'bin/node');
  if (existsSync(installed)) return installed;
  const { version, integrity } = locked(target);
  const dir = join(work, `${name}-${version}`);
  const node = join(dir, 'package/bin/node');
  if (existsSync(node)) return node;
  const half = `${dir}.half`;
  rmSync(half, { recursive: true, force: true });
  mkdirSync(half, { recursive: true });
  const quietly = ['--loglevel', 'error', '--pack-destination', half];
  await run('npm', ['pack', `${name}@${version}`, ...quietly], { timeoutMs: 300_000 });
  const tarball = join(half, `${name}-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(readFileSync(tarball)).digest('base64')}`;
  if (found !== integrity) throw new Error(`${name}@${version} is not what package-lock.json names`);
  await run('tar', ['-xzf', tarball, '-C', half]);
  rmSync(tarball);
  renameSync(half, dir);
  return node;
}
