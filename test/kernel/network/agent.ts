/** agent — runs inside one network namespace of the rig and does there what the test asks over the IPC channel. */
import { createSocket, type Socket as UdpSocket } from 'node:dgram';
import { once } from 'node:events';
import { createServer, connect, type Socket } from 'node:net';
import { Worker } from 'node:worker_threads';
import { loadNative } from '../../../src/network/native.ts';
import { type Enforcer, type EnforcerOptions, type Pair, startEnforcer } from '../../../src/network/enforcer.ts';
import { judge, nothing, type Tables } from '../../../src/network/tables.ts';
import { zestMethods } from '../zest/ends.ts';

export type WireTables = {
  rows: Tables['transport'] extends ReadonlyMap<string, infer R> ? R[] : never;
  components: [string, { name: string; bridge: string; gateway: string; managerAddress: string }][];
};
export type Arrival = { kind: 'tcp' | 'udp'; port: number; from: string; text: string };
export type Target = { host: string; port: number; local?: string; localPort?: number; timeoutMs?: number };

const arrivals: Arrival[] = [];
const sockets = new Map<number, { socket: Socket; state: string; text: string }>();
let nextId = 1;
let enforcer: Enforcer | undefined;
let current: Tables = nothing;
const refusals: unknown[] = [];
const repaired: number[] = [];

const tablesOf = ({ rows, components }: WireTables): Tables => ({
  ...nothing,
  transport: new Map(rows.map((row) => [`${row.src} ${row.dst} ${row.protocol} ${row.port}`, row])),
  components: new Map(components),
});

/** Characters of a socket's input that are remembered: the first ones, however the kernel cut them. */
const kept = 100_000;

function keep(socket: Socket): number {
  const id = nextId++;
  const entry = { socket, state: 'open', text: '' };
  sockets.set(id, entry);
  socket.on('data', (data) => (entry.text = (entry.text + data.toString()).slice(0, kept)));
  socket.on('error', (err: NodeJS.ErrnoException) => (entry.state = err.code ?? 'error'));
  socket.on('close', () => {
    if (entry.state === 'open') entry.state = 'ended';
  });
  return id;
}

const methods = {
  ...zestMethods,
  /** Echoes, and notes who connected. */
  listenTcp: ({ host, port }: { host: string; port: number }) =>
    new Promise<number>((resolve, reject) => {
      const server = createServer((socket) => {
        const arrival: Arrival = { kind: 'tcp', port, from: String(socket.remoteAddress), text: '' };
        arrivals.push(arrival);
        keep(socket);
        socket.on('data', (data) => {
          arrival.text += data.toString().slice(0, 100);
          socket.write(data);
        });
      });
      server.on('error', reject);
      server.listen(port, host, () => resolve(port));
    }),
  listenUdp: ({ host, port, six = false }: { host: string; port: number; six?: boolean }) =>
    new Promise<number>((resolve, reject) => {
      const socket: UdpSocket = createSocket(six ? 'udp6' : 'udp4');
      socket.on('error', reject);
      socket.on('message', (data, from) => {
        arrivals.push({ kind: 'udp', port, from: from.address, text: data.toString() });
        socket.send(`echo ${data.toString()}`, from.port, from.address);
      });
      socket.bind(port, host, () => resolve(port));
    }),
  /** `{ id }` of the open connection, or `{ error }`. */
  connect: ({ host, port, local, localPort, timeoutMs = 700 }: Target) =>
    new Promise<{ id?: number; error?: string; port?: number }>((resolve) => {
      const socket = connect({ host, port, ...(local && { localAddress: local }), ...(localPort && { localPort }) });
      const timer = setTimeout(() => {
        socket.destroy();
        resolve({ error: 'timeout' });
      }, timeoutMs);
      socket.once('error', (err: NodeJS.ErrnoException) => {
        clearTimeout(timer);
        resolve({ error: String(err.code) });
      });
      socket.once('connect', () => {
        clearTimeout(timer);
        resolve({ id: keep(socket), port: socket.localPort ?? 0 });
      });
    }),
  /** The state of every connection: open, ended, ECONNRESET, … */
  states: () => [...sockets].map(([id, { state, text }]) => ({ id, state, text })),
  write: ({ id, text }: { id: number; text: string }) => sockets.get(id)?.socket.write(text) ?? false,
  /** Writes as fast as the peer reads, until the connection ends. */
  pump: ({ id }: { id: number }) => {
    const socket = sockets.get(id)?.socket;
    const chunk = Buffer.alloc(65_536);
    const more = (): void => {
      while (socket && !socket.destroyed && socket.write(chunk));
    };
    socket?.on('drain', more);
    more();
  },
  /** Sends a datagram and waits for an answer. */
  udp: ({ host, port, local, localPort, text = 'hello', timeoutMs = 500 }: Target & { text?: string }) =>
    new Promise<string | null>((resolve) => {
      const socket = createSocket(host.includes(':') ? 'udp6' : 'udp4');
      const end = (answer: string | null) => {
        clearTimeout(timer);
        socket.close();
        resolve(answer);
      };
      const timer = setTimeout(() => end(null), timeoutMs);
      socket.on('error', () => end(null));
      socket.on('message', (data) => end(data.toString()));
      socket.bind(localPort ?? 0, local, () => socket.send(text, port, host, (err) => err && end(null)));
    }),
  segment: (words: number[]) => {
    const native = loadNative();
    const socket = native.tcpOpen(0);
    const sent = native.tcpSend(socket, Uint32Array.from(words));
    native.tcpClose(socket);
    return sent;
  },
  /** Opens queue and watch in a thread and terminates it; resolves to its exit code. */
  thread: async () => {
    const worker = new Worker(new URL('thread.ts', import.meta.url));
    await once(worker, 'message');
    return worker.terminate();
  },
  arrivals: () => arrivals.splice(0),
  start: async (options: Omit<EnforcerOptions, 'judge' | 'tables'> & { wire?: WireTables }) => {
    current = options.wire ? tablesOf(options.wire) : nothing;
    enforcer = await startEnforcer({
      ...options,
      judge: (flow) => judge(current, flow),
      tables: () => current,
      onRefused: (refusal) => refusals.push(refusal),
      onRepaired: ({ ms }) => repaired.push(ms),
    });
  },
  /** The order of a withdrawal: swap first, then the kernel. */
  apply: async (wire: WireTables) => {
    current = tablesOf(wire);
    await enforcer?.apply(current);
  },
  /** Where programs are looked for: nowhere, and no rule can be written. */
  path: (path: string) => {
    const before = process.env['PATH'] ?? '';
    process.env['PATH'] = path;
    return before;
  },
  withdraw: (pairs: Pair[]) => enforcer?.withdraw(pairs),
  counters: () => enforcer?.counters(),
  alive: () => enforcer?.alive(),
  health: () => ({ repairs: enforcer?.repairs, problems: enforcer?.problems(), refusals, repaired }),
  stop: async () => {
    await enforcer?.[Symbol.asyncDispose]();
    enforcer = undefined;
  },
} as const;
export type Methods = typeof methods;

process.on('message', ({ id, method, argument }: { id: number; method: keyof Methods; argument: never }) => {
  void (async () => {
    try {
      process.send?.({ id, value: await methods[method](argument) });
    } catch (err) {
      process.send?.({
        id,
        error:
          err instanceof Error
            ? `${err.message} ${JSON.stringify((err as { details?: unknown }).details ?? '')}`
            : String(err),
      });
    }
  })();
});
process.on('disconnect', () => process.exit(0));
