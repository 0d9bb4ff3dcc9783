import { mkdir, rename, rm, symlink, writeFile } from 'node:fs/promises';
import { dirname, join, normalize } from 'node:path';
import { readBlob, readCommit, readTree } from 'isomorphic-git';
import { Failure } from '../base/errors.ts';
import { addressOf } from './address.ts';
import { clean, fetchRef, type Git, type Remote } from './git.ts';
import { defaultLimits, type Limits } from './limits.ts';
import { createMemory } from './memory.ts';
import { inspectPack } from './pack.ts';
import { createTransport } from './transport.ts';

export type SourceQuestion = {
  /** https. */
  url: string;
  /** Tag or branch; absent: the default branch. */
  ref?: string | undefined;
  /** Folder that holds the files afterwards, and nothing else; what was in it is replaced. */
  into: string;
  signal: AbortSignal;
  limits?: Partial<SourceLimits>;
  /** PEM of an authority trusted besides the usual ones. */
  ca?: string | undefined;
};
export type SourceLimits = Limits & { /** Files and folders of the commit. */ entries: number };

const sourceLimits: SourceLimits = {
  ...defaultLimits,
  unpackedBytes: 256 * 1024 * 1024,
  objects: 20_000,
  entries: 20_000,
  timeoutMs: 300_000,
};

/**
 * The files of one commit, without history, hooks and submodules. They are fetched into memory and written by ourselves:
 * git's own idea of a work tree never touches the disk.
 * @returns the commit, and the tag or branch it was found by
 * @throws Failure `repository.unreachable`, `repository.invalid` (a limit, a name or a link that leads outside)
 */
export async function fetchSource(question: SourceQuestion): Promise<{ commit: string; ref: string }> {
  const { kind, url } = addressOf(question.url);
  if (kind !== 'git') throw new Failure('repository.invalid', 'the source’s address must begin with https://', { url });
  const limits = { ...sourceLimits, ...question.limits };
  const signal = AbortSignal.any([question.signal, AbortSignal.timeout(limits.timeoutMs)]);
  const inspect = (path: string, body: Buffer): void => {
    if (path.endsWith('/git-upload-pack')) inspectPack(body, limits);
  };
  const http = createTransport({ url, limits, ca: question.ca, signal, inspect });
  const git: Git = { fs: createMemory(), gitdir: '/git', cache: {} };
  const half = `${question.into}.new`;
  try {
    const { oid, ref } = await find({ ...git, http, url }, question.ref);
    const { oid: commit, commit: content } = await readCommit({ ...git, oid });
    await rm(half, { recursive: true, force: true });
    await writeTree({ git, left: { entries: limits.entries }, links: [], signal }, content.tree, half);
    await rm(question.into, { recursive: true, force: true });
    await rename(half, question.into);
    return { commit, ref };
  } catch (err) {
    await rm(half, { recursive: true, force: true });
    if (err instanceof Failure) throw err;
    throw new Failure('repository.invalid', `the repository cannot be read: ${clean(err)}`, { url }, { cause: err });
  }
}

async function find(remote: Remote, ref: string | undefined): Promise<{ oid: string; ref: string }> {
  const candidates = ref === undefined ? ['HEAD'] : [`refs/tags/${ref}`, `refs/heads/${ref}`];
  for (const remoteRef of candidates) {
    const found = await fetchRef(remote, remoteRef);
    if (found) return { oid: found.oid, ref: ref ?? found.branch ?? 'HEAD' };
  }
  const sentence = ref === undefined ? 'the repository is empty' : `the repository has no tag or branch ${ref}`;
  throw new Failure('repository.invalid', sentence, { url: remote.url, ref });
}

type Writing = {
  git: Git;
  left: { entries: number };
  links: { path: string; target: string }[];
  signal: AbortSignal;
};

/** Links come last, so that no file is written through one. */
async function writeTree(writing: Writing, oid: string, root: string): Promise<void> {
  await writeFolder(writing, oid, { root, path: '' });
  for (const { path, target } of writing.links) await symlink(target, join(root, path));
}

type Place = { root: string; path: string };

async function writeFolder(writing: Writing, oid: string, { root, path }: Place): Promise<void> {
  const { git, left, links, signal } = writing;
  // Not `recursive` below the root: a folder that is there already was made by an entry of the same name.
  await mkdir(join(root, path), { recursive: path === '', mode: 0o755 });
  for (const entry of (await readTree({ ...git, oid })).tree) {
    signal.throwIfAborted();
    const below = join(path, checkedName(entry.path));
    if (--left.entries < 0) throw new Failure('repository.invalid', 'the repository has too many files');
    // A submodule: its files are in another repository.
    if (entry.type === 'commit') continue;
    if (entry.type === 'tree') {
      await writeFolder(writing, entry.oid, { root, path: below });
      continue;
    }
    const { blob } = await readBlob({ ...git, oid: entry.oid });
    if (entry.mode === '120000') links.push({ path: below, target: checkedLink(below, Buffer.from(blob).toString()) });
    else await writeFile(join(root, below), blob, { flag: 'wx', mode: entry.mode === '100755' ? 0o755 : 0o644 });
  }
}

function checkedName(name: string): string {
  // eslint-disable-next-line no-control-regex
  const isPlain = !/[/\\\u0000-\u001f\u007f]/.test(name) && !['', '.', '..'].includes(name);
  if (isPlain && !/^\.git$/i.test(name)) return name;
  throw new Failure('repository.invalid', `the repository has a file named ${JSON.stringify(name)}`);
}

/** A link may lead to what is in the repository, and nowhere else. */
function checkedLink(path: string, target: string): string {
  const meant = normalize(join(dirname(path), target));
  if (!target.startsWith('/') && !target.includes('\0') && meant !== '..' && !meant.startsWith('../')) return target;
  throw new Failure('repository.invalid', `the repository’s link ${JSON.stringify(path)} leads outside of it`);
}
