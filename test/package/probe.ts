/** Run by the binary before its own program: what no command shows without root, Docker and the right kernel. */
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { get } from 'node:https';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { isSea } from 'node:sea';
import { text } from 'node:stream/consumers';
import { examples } from '../../src/base/examples.ts';
import { listen } from '../../src/base/listen.ts';
import { createLeaf, createRoot } from '../../src/manager/certificates.ts';
import { loadNative, packetField, packetWords } from '../../src/network/native.ts';
import { openRelay } from '../../src/zest/relay.ts';

export type Found = {
  arch: string;
  inside: boolean;
  /** What a client that trusts our authority gets. */
  served: Record<'ec' | 'rsa', string>;
  /** Fields of a packet that the native part took apart. */
  packet: Record<string, number | undefined>;
  /** What came from a file's socket to a client of a relay. */
  carried: string;
  /** Files of the examples inside, by example. */
  examples: Record<string, string[]>;
  /** `answered`, or why the kernel did not list its connections. */
  netlink: string;
};

/** IPv4, UDP, 10.0.0.1:4000 → 10.0.0.2:53, no data. */
const datagram = Buffer.from('4500001c00000000401100000a0000010a0000020fa0003500080000', 'hex');

async function serve(kind: 'ec' | 'rsa'): Promise<string> {
  const now = Date.now();
  const root = await createRoot({ commonName: 'probe', now });
  const tls = await createLeaf(root, { kind, names: { dns: ['probe-core-store'], ips: [] }, now });
  await using server = await listen({ address: '127.0.0.1', port: 0, tls, handler: (_req, res) => res.end('hello') });
  // Awaited here: the listener closes when this returns.
  return await new Promise<string>((done, fail) => {
    const options = {
      host: '127.0.0.1',
      port: server.port,
      servername: 'probe-core-store',
      ca: root.cert,
      agent: false,
    };
    get(options, (answer) => void text(answer).then(done, fail)).on('error', fail);
  });
}

function takeApart(): Record<string, number | undefined> {
  const record = new Uint32Array(packetWords);
  if (!loadNative().parse(datagram, record)) return {};
  const fields = ['src', 'dst', 'protocol', 'sport', 'dport'] as const;
  return Object.fromEntries(fields.map((field) => [field, record[packetField[field]]]));
}

async function carry(): Promise<string> {
  const dir = mkdtempSync(join(tmpdir(), 'databox-probe-'));
  const far = createServer((socket) => void socket.end('hello')).listen(join(dir, 'far'));
  await once(far, 'listening');
  try {
    using relay = openRelay();
    const account = relay.account({ unread: 1_000, unsent: 1_000, stalledMs: 1_000 });
    using entrance = relay.open('127.0.0.1', (connection) => connection.join(join(dir, 'far'), account));
    // Awaited here: the relay ends when this returns.
    return await text(connect(entrance.port, '127.0.0.1'));
  } finally {
    far.close();
    rmSync(dir, { recursive: true });
  }
}

function askKernel(): string {
  try {
    loadNative().flowsDump(0xdb0, 0xff0);
    return 'answered';
  } catch (err) {
    return String(err);
  }
}

async function probe(): Promise<Found> {
  const served = { ec: await serve('ec'), rsa: await serve('rsa') };
  const inside = Object.fromEntries(examples().map(({ name, files }) => [name, [...files.keys()].sort()]));
  const shown = { arch: process.arch, inside: isSea(), served, packet: takeApart(), carried: await carry() };
  return { ...shown, examples: inside, netlink: askKernel() };
}

// The program that comes after would end the process before the answers are there.
const exit = process.exit.bind(process);
process.exit = (() => undefined) as unknown as typeof process.exit;
probe().then(
  (found) => (console.log(JSON.stringify(found)), exit(0)),
  (err: unknown) => (console.error(err), exit(1)),
);
