/**
 * A component that does everything for a long time. Reads `{ count, asks, address }`: sends the requests in turn
 * over connections that stay, and between them datagrams to ports and questions for names that nobody agreed. Prints
 * what was answered otherwise than expected, and how long it all took.
 */
import { createSocket } from 'node:dgram';
import { resolve4 } from 'node:dns/promises';
import { readFileSync } from 'node:fs';
import { Agent, request as requestHttps } from 'node:https';
import { text } from 'node:stream/consumers';

type Ask = { method?: string; url: string; headers?: Record<string, string>; body?: string; expect: number[] };
type Task = { count: number; asks: Ask[]; address: string };

const lanes = 8;
const ports = 2_000;
const secret = (name: string): string => readFileSync(`/run/secrets/${name}`, 'utf8');
const key = secret('ARBITER_TOKEN');
const agent = new Agent({ keepAlive: true, maxSockets: lanes, ca: secret('DATABOX_ROOT_CA') });

/** @returns the status */
function send({ method = 'GET', url, headers = {}, body }: Ask): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<number>();
  const filled = Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [name, value.replace('{KEY}', key)]),
  );
  const request = requestHttps(url, { method, headers: filled, agent, timeout: 60_000 }, (res) => {
    res.resume().once('end', () => resolve(res.statusCode ?? 0));
  });
  request.once('timeout', () => request.destroy(new Error('timeout'))).once('error', reject);
  request.end(body);
  return promise;
}

const { count, asks, address } = JSON.parse(await text(process.stdin)) as Task;
const door = createSocket('udp4');
door.on('error', () => {}); // a refusal that came back
const wrong: Record<string, number> = {};
const tally = (what: string) => void (wrong[what] = (wrong[what] ?? 0) + 1);

/** One in ten of the operations knocks at a door, one asks for a name; the others are requests. */
async function operation(n: number): Promise<void> {
  if (n % 10 === 0) return void door.send('knock', 10_000 + (n % ports), address);
  if (n % 10 === 1) {
    const found = await resolve4(`n${n}.example.test`).catch(({ code }: NodeJS.ErrnoException) => code);
    return found === 'ENOTFOUND' ? undefined : tally(`name ${String(found)}`);
  }
  const ask = asks[n % asks.length] as Ask;
  const status = await send(ask).catch((err: NodeJS.ErrnoException) => err.code ?? err.message);
  if (!ask.expect.includes(status as number)) tally(`${ask.method ?? 'GET'} ${ask.url}: ${status}`);
}

let next = 0;
const started = performance.now();
async function lane(): Promise<void> {
  while (next < count) await operation(next++);
}
await Promise.all(Array.from({ length: lanes }, lane));
console.log(JSON.stringify({ wrong, ms: Math.round(performance.now() - started) }));
process.exit(0);
