import { addRemote, fetch, readBlob, readCommit, readTree } from 'isomorphic-git';
import { Failure } from '../base/errors.ts';
import { isFileName, tooLarge, type Found, type FoundFile, type Limits } from './limits.ts';
import { createMemory } from './memory.ts';
import { inspectPack } from './pack.ts';
import { createTransport } from './transport.ts';

export type GitQuestion = {
  url: string;
  /** The tag that is read when the repository has it; else the default branch is. */
  release: string;
  limits: Limits;
  ca?: string | undefined;
};

/**
 * Fetches one commit without history and reads the `*.json` files of its root. No work tree, no hooks, no submodules;
 * symbolic links count as faults.
 * @throws Failure `repository.unreachable`, `repository.invalid`
 */
export async function readGit(question: GitQuestion): Promise<Found> {
  const { url, limits, ca } = question;
  const deadline = AbortSignal.timeout(limits.timeoutMs);
  const inspect = (path: string, body: Buffer): void => {
    if (path.endsWith('/git-upload-pack')) inspectPack(body, limits);
  };
  const http = createTransport({ url, limits, ca, signal: deadline, inspect });
  const git = { fs: createMemory(), gitdir: '/git' };
  try {
    const { oid, ref } = await fetchRelease({ ...git, http, url }, question.release);
    const { oid: commit, commit: content } = await readCommit({ ...git, oid });
    return { commit, ref, files: await readRoot(git, content.tree, limits) };
  } catch (err) {
    if (err instanceof Failure) throw err;
    throw new Failure('repository.invalid', `the repository cannot be read: ${clean(err)}`, { url }, { cause: err });
  }
}

/** `cache` keeps what was unpacked between calls. */
export type Git = { fs: ReturnType<typeof createMemory>; gitdir: string; cache?: object };
export type Remote = Git & { http: ReturnType<typeof createTransport>; url: string };

async function fetchRelease(remote: Remote, release: string): Promise<{ oid: string; ref: string }> {
  const released = await fetchRef(remote, `refs/tags/${release}`);
  if (released) return { oid: released.oid, ref: release };
  const head = await fetchRef(remote, 'HEAD');
  if (!head) throw new Failure('repository.invalid', 'the repository is empty', { url: remote.url });
  return { oid: head.oid, ref: head.branch ?? 'HEAD' };
}

/** One commit without history, and the server's default branch; `undefined` when the server has no such reference. */
export async function fetchRef(remote: Remote, remoteRef: string) {
  await addRemote({ ...remote, remote: 'origin', force: true });
  const options = { ...remote, remote: 'origin', depth: 1, singleBranch: true, tags: false };
  try {
    const { fetchHead, defaultBranch } = await fetch({ ...options, remoteRef, ref: remoteRef });
    return fetchHead === null ? undefined : { oid: fetchHead, branch: defaultBranch?.replace('refs/heads/', '') };
  } catch (err) {
    // Most repositories have no tag of our release.
    if ((err as { code?: unknown }).code === 'NotFoundError') return undefined;
    throw err;
  }
}

async function readRoot(git: Git, tree: string, limits: Limits): Promise<FoundFile[]> {
  const entries = (await readTree({ ...git, oid: tree })).tree.filter(({ path }) => path.endsWith('.json'));
  if (entries.length > limits.files) {
    throw new Failure('repository.invalid', `the repository has more than ${limits.files} manifests`);
  }
  const files: FoundFile[] = [];
  for (const { path, oid, mode, type } of entries) {
    if (!isFileName(path)) files.push({ file: JSON.stringify(path), fault: 'manifest: the file’s name is not plain' });
    else if (type !== 'blob' || !mode.startsWith('100'))
      files.push({ file: path, fault: 'manifest: is no plain file' });
    else {
      const { blob } = await readBlob({ ...git, oid });
      // A copy: the blob may be a window on the whole pack, which would travel between the threads with it.
      if (blob.length <= limits.fileBytes) files.push({ file: path, bytes: Uint8Array.from(blob) });
      else files.push({ file: path, fault: tooLarge(blob.length, limits) });
    }
  }
  return files;
}

/** One printable line of what the library said; it quotes what the server sent. */
export const clean = (err: unknown): string =>
  String((err as Error).message)
    .replaceAll(/[^ -~]+/g, ' ')
    .slice(0, 300);
