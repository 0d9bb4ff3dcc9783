import { askSocket, type HttpAnswer } from './door.ts';

export type Json = Record<string, unknown>;
/** Lines of an install's progress; the last one holds `done` or `problem`. */
export type Progress = { step?: string; message?: string; done?: boolean; problem?: Json };

/** The admin socket, as the command line speaks to it. A status of 400 and above is returned, not thrown. */
export type Admin = {
  ask(method: string, path: string, body?: unknown): Promise<HttpAnswer & { json: unknown }>;
  /** The body of a GET that must succeed. */
  read<T = Json>(path: string): Promise<T>;
  /** Installs and resolves with the last progress line, whether it ended well or not. */
  install(request: {
    name?: string;
    manifest?: unknown;
    choices?: Record<string, string | string[]>;
  }): Promise<Progress[]>;
  /** Installs what must be installable. */
  mustInstall(request: {
    name?: string;
    manifest?: unknown;
    choices?: Record<string, string | string[]>;
  }): Promise<void>;
  /** A call that must succeed. */
  must(method: string, path: string, body?: unknown): Promise<unknown>;
};

export function createAdmin(socket: string): Admin {
  const ask: Admin['ask'] = async (method, path, body) => {
    const answer = await askSocket(socket, {
      method,
      path,
      timeoutMs: 120_000,
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
    async mustInstall(request) {
      const progress = await install(request);
      const last = progress.at(-1);
      if (!last?.done) throw new Error(`install failed: ${JSON.stringify(last)}`);
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // not every answer is JSON: logs, store values
  }
}
