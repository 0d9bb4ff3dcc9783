/** A gate on loopback, whose callers are at addresses of 127/8. */
import { mkdtempSync, rmSync } from 'node:fs';
import { connect as connectTcp } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { createConnections } from '../../../src/base/connections.ts';
import { silent } from '../../../src/base/log.ts';
import { openBook, startGate, type GateOptions, type Service } from '../../../src/zest/index.ts';
import { wellKnown } from './raw.ts';
import { createTarget } from './target.ts';

export const [app, other, stranger] = ['127.0.0.2', '127.0.0.3', '127.0.0.4'];
export const scratch = mkdtempSync(join(tmpdir(), 'databox-gate-'));
process.on('exit', () => rmSync(scratch, { recursive: true, force: true }));

const present = (): Map<string, string> =>
  new Map([
    [app, 'app'],
    [other, 'other'],
  ]);
type Wanted = { file?: string; names?: Map<string, string>; connections?: number; most?: GateOptions['most'] };

/** A gate whose service answers `/who` with the address that it was told. */
export async function openGate({ file = ':memory:', names = present(), connections = 100, most }: Wanted = {}) {
  await using up = new AsyncDisposableStack();
  const target = createTarget();
  const refused: string[] = [];
  const told: string[] = [];
  const log = {
    ...silent,
    warn: ({ what }: { what: string }) => void told.push(what),
    child: () => log,
  } as unknown as typeof silent;
  const service: Service = {
    ...target.service,
    ask: async (request) =>
      request.path === '/who' ? { did: 'content', format: 'text', body: request.caller } : target.service.ask(request),
  };
  const book = up.use(openBook(file));
  const dir = mkdtempSync(join(scratch, 'sockets-'));
  const gate = up.use(
    await startGate({
      ...{ target: 'store', address: '127.0.0.1', secretKey: wellKnown.secretKey, service, page: book.of('store') },
      ...{ nameOf: (address) => names.get(address), dir, log, connections: createConnections(connections) },
      ...(most && { most }),
      onRefused: (caller) => refused.push(caller),
    }),
  );
  const way = up.move();
  const from = (address: string) => ({ port: gate.port, pushPort: gate.pushPort, from: address });
  const rows = () => book.of('store').rows();
  return { ...target, gate, dir, names, refused, told, from, rows, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

/** Waits for what must come, however slow the machine is: the test's own limit ends it. */
export async function until(what: () => boolean): Promise<void> {
  while (!what()) await sleep(20);
}

/** A connection of no ZeroMQ, and how it ended: with a reset, or otherwise. */
export function knock(place: { port: number; from: string }, bytes?: Buffer) {
  const socket = connectTcp({ port: place.port, host: '127.0.0.1', localAddress: place.from });
  const end = new Promise<string>((done) => {
    socket.on('error', (err: NodeJS.ErrnoException) => done(err.code ?? 'error'));
    socket.on('close', () => done('closed'));
  });
  socket.on('data', () => {});
  if (bytes) socket.write(bytes);
  return { socket, end };
}
