/** Who comes to a crowded store: clients with addresses of their own, in loopback's net, as components have them. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { Agent, request } from 'node:https';
import { createConnection, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect as connectTls } from 'node:tls';

export type Place = { port: number; ca: string };

/** Starts a store in a process of its own, which lets one address hold so many connections. */
export async function crowded(connectionsPerCaller: number) {
  const dir = mkdtempSync(join(tmpdir(), 'databox-crowd-'));
  const script = join(import.meta.dirname, 'crowded.ts');
  const child = spawn(process.execPath, [script, dir, String(connectionsPerCaller)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(child, 'exit');
  const [line] = (await once(child.stdout, 'data')) as [Buffer];
  const place = JSON.parse(line.toString()) as Place;
  return {
    ...place,
    descriptors: () => readdirSync(`/proc/${child.pid}/fd`).length,
    residentMiB: () => Number(/VmRSS:\s*(\d+) kB/.exec(readFileSync(`/proc/${child.pid}/status`, 'utf8'))?.[1]) / 1_024,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
      rmSync(dir, { recursive: true });
    },
  };
}

/** An honest client at an address: asks over connections that it keeps. Returns status and ms. */
export function client({ port, ca }: Place, localAddress: string, maxSockets = 8) {
  const agent = new Agent({ keepAlive: true, maxSockets, ca });
  const send = async (method: string, path: string, body?: string) => {
    const begun = performance.now();
    const headers = { 'x-api-key': 'any', 'content-type': 'application/json' };
    const req = request({ host: '127.0.0.1', port, agent, method, path, headers, localAddress, servername: '' });
    const [res] = (await once(req.end(body), 'response')) as [NodeJS.ReadableStream & { statusCode: number }];
    await once(res.resume(), 'end');
    return { status: res.statusCode, ms: performance.now() - begun };
  };
  return {
    write: (value: number) => send('POST', '/ts/a', `{"value":${value}}`),
    post: (path: string, body: string) => send('POST', path, body),
    [Symbol.dispose]: () => agent.destroy(),
  };
}

/** A connection of an address that sends these bytes and no more; `closed` resolves when the store ends it. */
export function halfSent({ port, ca }: Place, o: { localAddress: string; bytes: string; tls: boolean }) {
  const { localAddress, bytes, tls } = o;
  const raw = createConnection({ host: '127.0.0.1', port, localAddress });
  const socket: Socket = tls ? connectTls({ socket: raw, ca, host: '127.0.0.1' }) : raw;
  const closed = new Promise<void>((resolve) => raw.once('close', () => resolve()));
  raw.on('error', () => {});
  socket.on('error', () => {}).resume();
  if (bytes !== '') socket.write(bytes);
  return { closed, end: () => raw.destroy() };
}
