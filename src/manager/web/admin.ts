import { chmodSync, lstatSync, mkdirSync, rmSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import { connect } from 'node:net';
import { dirname, join } from 'node:path';
import { Failure } from '../../base/errors.ts';
import { protocolOptions, serveWith } from '../../base/protocol.ts';
import { adminApi } from './admin-api.ts';
import type { AdminOptions } from './types.ts';

export type Admin = AsyncDisposable & { readonly path: string };

/**
 * The Unix socket that the command line speaks to: HTTP and JSON, for root only (0600).
 * @throws Failure `databox.running` when another Databox answers on it
 */
export async function startAdmin(options: AdminOptions): Promise<Admin> {
  const path = join(options.config['run.dir'], 'databox.sock');
  mkdirSync(dirname(path), { recursive: true, mode: 0o700 });
  await makeRoom(path);
  const server = createServer(protocolOptions);
  serveWith(server, adminApi(options));
  // Logs are followed for as long as somebody looks.
  server.requestTimeout = 0;
  await listenPrivately(server, path);
  return {
    path,
    async [Symbol.asyncDispose]() {
      const closed = new Promise((done) => server.close(done));
      server.closeAllConnections();
      await closed;
    },
  };
}

/** A socket that nobody answers is left over from a crash. */
async function makeRoom(path: string): Promise<void> {
  if (lstatSync(path, { throwIfNoEntry: false }) === undefined) return;
  if (await answers(path)) throw running(path);
  rmSync(path);
}

function answers(path: string): Promise<boolean> {
  const { promise, resolve } = Promise.withResolvers<boolean>();
  const probe = connect(path);
  probe.once('connect', () => resolve(true)).once('error', () => resolve(false));
  return promise.finally(() => probe.destroy());
}

async function listenPrivately(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (err: NodeJS.ErrnoException) => reject(err.code === 'EADDRINUSE' ? running(path, err) : err));
  // Nobody else may connect, not even between bind and chmod; `listen` binds before it returns.
  const before = process.umask(0o177);
  try {
    server.listen(path, resolve);
  } finally {
    process.umask(before);
  }
  await promise;
  chmodSync(path, 0o600);
}

const running = (path: string, cause?: unknown): Failure =>
  new Failure('databox.running', `another Databox answers on ${path}; stop it first`, { path }, { cause });
