import Database from 'better-sqlite3';
import { mkdirSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { Failure } from './errors.ts';

/**
 * Holds a state directory for this process; the kernel lets go when the process dies, however it dies.
 * @throws Failure `databox.running` when another process holds it
 */
export function lockDirectory(dir: string): Disposable {
  mkdirSync(dir, { recursive: true, mode: 0o700 });
  const db = new Database(join(dir, 'lock.sqlite'), { timeout: 0 });
  try {
    db.pragma('locking_mode = EXCLUSIVE');
    db.exec('BEGIN EXCLUSIVE');
  } catch (cause) {
    db.close();
    throw new Failure('databox.running', `another Databox runs on ${dir}; stop it first`, { dir }, { cause });
  }
  return { [Symbol.dispose]: () => void db.close() };
}

/**
 * Holds this network namespace: rules, bridges and the queue exist once in it. An abstract socket belongs to its
 * network namespace and leaves no file.
 * @throws Failure `databox.running` when another process holds it
 */
export async function lockNetwork(): Promise<AsyncDisposable> {
  const server = createServer((socket) => socket.destroy());
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', (cause) =>
    reject(new Failure('databox.running', 'another Databox runs on this machine; stop it first', {}, { cause })),
  );
  server.listen('\0databox', resolve);
  await promise;
  server.unref();
  return { [Symbol.asyncDispose]: () => new Promise<void>((done) => server.close(() => done())) };
}
