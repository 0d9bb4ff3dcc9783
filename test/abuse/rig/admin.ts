import { request as requestHttp } from 'node:http';
import { createInterface } from 'node:readline';
import { askSocket, type HttpAnswer } from './door.ts';

export type Json = Record<string, unknown>;
/** Lines of an install's progress; the last one holds `done` or `problem`. */
export type Progress = { step?: string; message?: string; done?: boolean; problem?: Json };

export type InstallRequest = { name?: string; manifest?: unknown; choices?: Record<string, string | string[]> };

/** The admin socket, as the command line speaks to it. A status of 400 and above is returned, not thrown. */
export type Admin = {
  ask(method: string, path: string, body?: unknown): Promise<HttpAnswer & { json: unknown }>;
  /** The body of a GET that must succeed. */
  read<T = Json>(path: string): Promise<T>;
  /** Installs and resolves with the last progress line, whether it ended well or not. */
  install(request: InstallRequest): Promise<Progress[]>;
  /** Begins an install and returns after that many progress lines; what follows is not waited for. */
  installUntil(request: InstallRequest, lines: number): Promise<void>;
  /** Installs what must be installable. */
  mustInstall(request: InstallRequest): Promise<void>;
  /** A call that must succeed. */
  must(method: string, path: string, body?: unknown): Promise<unknown>;
};

export function createAdmin(socket: string): Admin {
  const ask: Admin['ask'] = async (method, path, body) => {
    const answer = await askSocket(socket, {
      method,
      path,
      timeoutMs: 180_000,
      ...(body !== undefined && { headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) }),
    });
    return { ...answer, json: parse(answer.text) };
  };
  const must: Admin['must'] = async (method, path, body) => {
    const answer = await ask(method, path, body);
    if (answer.status >= 300) throw new Error(`${method} ${path}: ${answer.status} ${answer.text}`);
    return answer.json;
  };
  const install: Admin['install'] = async (request) => {
    const answer = await ask('POST', '/components', request);
    if (answer.status >= 300) return [{ problem: answer.json as Json }];
    return answer.text
      .split('\n')
      .filter(Boolean)
      .map((line) => JSON.parse(line) as Progress);
  };
  return {
    ask,
    must,
    read: async <T>(path: string) => (await must('GET', path)) as T,
    install,
    installUntil: (request, lines) => readLines(socket, JSON.stringify(request), lines),
    async mustInstall(request) {
      const progress = await install(request);
      const last = progress.at(-1);
      if (!last?.done) throw new Error(`install failed: ${JSON.stringify(last)}`);
    },
  };
}

/** Posts an install and resolves after `count` lines of its answer, or at its end. */
function readLines(socketPath: string, body: string, count: number): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const headers = { 'content-type': 'application/json', 'content-length': Buffer.byteLength(body) };
  const request = requestHttp({ socketPath, method: 'POST', path: '/components', headers });
  let seen = 0;
  request.on('response', (res) => {
    if (count === 0) resolve();
    const lines = createInterface({ input: res });
    lines.on('line', () => void (++seen >= count && resolve())).on('close', resolve);
    for (const stream of [lines, res]) stream.on('error', () => resolve()); // the process was killed: that is the test
  });
  request.on('error', (err) => (seen === 0 ? reject(err) : resolve()));
  request.end(body);
  return promise;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not every answer is JSON: logs, store values
  }
}
