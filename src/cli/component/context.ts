/** context — the folder that `docker build` is given: a copy of the author's, a repository's files, or an example's. */
import { constants, existsSync, mkdtempSync, readFileSync } from 'node:fs';
import { copyFile, lstat, mkdir, mkdtemp, readdir, readlink, rm, symlink, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { examples } from '../../base/examples.ts';
import type { FetchSource } from '../options.ts';
import { ignoring } from './ignore.ts';
import type { Source } from './source.ts';

export type Context = AsyncDisposable & {
  dir: string;
  /** The commit of a repository. */
  commit?: string;
};

export type ContextLimits = { entries: number; bytes: number };
const limits: ContextLimits = { entries: 50_000, bytes: 1024 * 1024 * 1024 };

type Tools = { fetchSource: FetchSource; signal: AbortSignal };

/** @throws Failure `repository.*`, `usage` when there is no such folder */
export async function openContext(source: Source, { fetchSource, signal }: Tools): Promise<Context> {
  if (source.kind === 'folder') return copyOf(folderOf(source.path), { signal, limits });
  if (source.kind === 'example') return exampleContext(source.name);
  const dir = cacheOf(source.url);
  await mkdir(resolve(dir, '..'), { recursive: true, mode: 0o700 });
  const { commit } = await fetchSource({ url: source.url, ref: source.ref, into: dir, signal });
  return { dir, commit, async [Symbol.asyncDispose]() {} };
}

export function folderOf(path: string): string {
  if (existsSync(join(path, '.'))) return resolve(path);
  throw new Failure('usage', `there is no folder ${path}`, { path });
}

/** One folder a repository, of the calling user. */
function cacheOf(url: string): string {
  const home = process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache');
  return join(home, 'databox/components', encodeURIComponent(url.replace(/^https:\/\//, '')));
}

async function exampleContext(name: string): Promise<Context> {
  const example = examples().find((each) => each.name === name);
  if (!example) throw new Failure('usage', `there is no example ${name}`);
  const dir = await mkdtemp(join(tmpdir(), 'databox-build-'));
  for (const [file, bytes] of example.files) await writeFile(join(dir, file), bytes);
  return disposable(dir);
}

const disposable = (dir: string): Context => ({
  dir,
  [Symbol.asyncDispose]: () => rm(dir, { recursive: true, force: true }),
});

/**
 * A copy without what is ignored: docker would send `.git` too, and what the author saves in the middle of a build.
 * Links are copied as links; pipes, sockets and devices are left out.
 * @throws Failure `repository.invalid` beyond a limit
 */
export async function copyOf(folder: string, o: { signal: AbortSignal; limits: ContextLimits }): Promise<Context> {
  const context = disposable(mkdtempSync(join(tmpdir(), 'databox-build-')));
  const ignoreFile = join(folder, '.dockerignore');
  const isIgnored = ignoring(existsSync(ignoreFile) ? readFileSync(ignoreFile, 'utf8') : '');
  const left = { ...o.limits };
  const take = (path: string, bytes: number): void => {
    left.bytes -= bytes;
    if (--left.entries >= 0 && left.bytes >= 0) return;
    const sentence = `${folder} is too large to build: at ${path} it is beyond ${o.limits.entries} files or ${o.limits.bytes} bytes; name in .dockerignore what the image does not need`;
    throw new Failure('repository.invalid', sentence, { folder });
  };
  const copy = async (path: string): Promise<void> => {
    o.signal.throwIfAborted();
    const [from, to] = [join(folder, path), join(context.dir, path)];
    const info = await lstat(from);
    take(path, info.isFile() ? info.size : 0);
    if (info.isFile()) return copyFile(from, to, constants.COPYFILE_FICLONE);
    if (info.isSymbolicLink()) return symlink(await readlink(from), to);
    if (!info.isDirectory()) return;
    await mkdir(to, { recursive: true });
    for (const name of await readdir(from)) if (!isIgnored(join(path, name))) await copy(join(path, name));
  };
  try {
    await copy('');
    return context;
  } catch (err) {
    await context[Symbol.asyncDispose]();
    throw err;
  }
}
