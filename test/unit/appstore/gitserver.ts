import { execFileSync, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { listen, type Listener } from '../../../src/base/listen.ts';
import { createAuthority } from './authority.ts';

const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org', '-c', 'init.defaultBranch=main'];
export const git = (folder: string, ...argv: string[]): string =>
  execFileSync('git', [...identity, ...argv], {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['pipe', 'pipe', 'ignore'],
  }).trim();

/** Makes a repository with these files in one commit; returns its folder. */
export function createRepository(root: string, name: string, files: Record<string, unknown>): string {
  const folder = join(root, name);
  mkdirSync(folder);
  git(folder, 'init', '-q');
  commit(folder, files);
  return folder;
}

export function commit(folder: string, files: Record<string, unknown>): string {
  for (const [file, content] of Object.entries(files)) {
    const text = typeof content === 'string' || content instanceof Uint8Array ? content : JSON.stringify(content);
    mkdirSync(join(folder, file, '..'), { recursive: true });
    writeFileSync(join(folder, file), text);
  }
  git(folder, 'add', '-A');
  git(folder, 'commit', '-q', '-m', 'x');
  return git(folder, 'rev-parse', 'HEAD');
}

/** What a real web server does for git: runs `git http-backend`. */
function backend(root: string, req: IncomingMessage, res: ServerResponse): void {
  const { pathname, search } = new URL(req.url ?? '/', 'https://localhost');
  const child = spawn('git', ['http-backend'], {
    env: {
      ...process.env,
      ...{ GIT_PROJECT_ROOT: root, GIT_HTTP_EXPORT_ALL: '1', PATH_INFO: pathname, QUERY_STRING: search.slice(1) },
      ...{ REQUEST_METHOD: req.method, CONTENT_TYPE: req.headers['content-type'] ?? '', REMOTE_ADDR: '127.0.0.1' },
      ...{ GIT_CONFIG_COUNT: '1', GIT_CONFIG_KEY_0: 'safe.directory', GIT_CONFIG_VALUE_0: '*' },
    },
  });
  req.pipe(child.stdin);
  const chunks: Buffer[] = [];
  child.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  child.on('close', () => {
    const answer = Buffer.concat(chunks);
    const end = answer.indexOf('\r\n\r\n');
    const headers = answer
      .toString('latin1', 0, end)
      .split('\r\n')
      .map((line) => line.split(': ') as [string, string]);
    const status = headers.find(([name]) => name === 'Status')?.[1] ?? '200';
    res.writeHead(parseInt(status, 10), Object.fromEntries(headers.filter(([name]) => name !== 'Status')));
    res.end(answer.subarray(end + 4));
  });
}

export type GitServer = AsyncDisposable & {
  /** Folder that repositories are made in. */
  root: string;
  ca: string;
  listener: Listener;
  /** Paths asked for, in order. */
  asked: string[];
  url(name: string): string;
};

/** Serves the repositories of a fresh folder over real HTTPS on loopback, unless `answer` takes the request. */
export async function startGitServer(
  answer: (req: IncomingMessage, res: ServerResponse) => boolean = () => false,
): Promise<GitServer> {
  const root = mkdtempSync(join(tmpdir(), 'databox-git-'));
  const { ca, ...tls } = await createAuthority();
  const asked: string[] = [];
  const handler = (req: IncomingMessage, res: ServerResponse) => {
    asked.push(req.url ?? '');
    if (!answer(req, res)) backend(root, req, res);
  };
  const listener = await listen({ address: '127.0.0.1', port: 0, tls, handler });
  return {
    ...{ root, ca, listener, asked },
    url: (name) => `https://localhost:${listener.port}/${name}`,
    async [Symbol.asyncDispose]() {
      await listener[Symbol.asyncDispose]();
      rmSync(root, { recursive: true });
    },
  };
}
