/**
 * wrk — many clients that write at once, from wrk: in C, established, with a thread for each core. A client of Node's takes
 * as much of the machine for a request as a server does, from the very cores that the servers need.
 */
import { existsSync, writeFileSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { startProgram, type Program } from '../../abuse/rig/process.ts';
import type { Place } from './line.ts';

const wrk = '/usr/bin/wrk';
export const hasWrk = (): boolean => existsSync(wrk);

/** What each request posts. */
export type Post = {
  path: string;
  headers: Readonly<Record<string, string>>;
  /** `%d` stands for a number below 1,000, another one each time. */
  body: string;
};
export type Target = Pick<Place, 'port'> & { posting: Post };
export type Load = { /** Where the script may be kept. */ dir: string; clients: number };
export type Seen = { perSecond: number; /** Of a request, 99th percentile. */ p99Ms: number };

/**
 * Posts for a while over HTTPS, each client the next request when the last is answered.
 * @param seconds  whole
 * @throws         when one is not answered 2xx
 */
export async function post(target: Target, { dir, clients }: Load, seconds: number): Promise<Seen> {
  await using program = start(target, { dir, clients }, seconds);
  const text = await report(program);
  const perSecond = Number(/Requests\/sec:\s+([\d.]+)/.exec(text)?.[1] ?? NaN);
  if (Number.isNaN(perSecond) || /Non-2xx|Socket errors/.test(text)) throw new Error(`wrk: ${text}`);
  return { perSecond, p99Ms: msOf(/\b99%\s+([\d.]+(?:us|ms|s))/.exec(text)?.[1] ?? '') };
}

/** Far more than anything takes that is measured meanwhile. */
const longSeconds = 600;
/** Handshakes are over, and what writes often has been compiled. */
const warmMs = 500;

/** Does the work while these clients post all the time. */
export async function meanwhile<T>(target: Target, load: Load, work: () => Promise<T>): Promise<T> {
  await using program = start(target, load, longSeconds);
  await sleep(warmMs);
  const done = await work();
  program.kill('SIGINT');
  const text = await report(program);
  if (/Non-2xx/.test(text)) throw new Error(`wrk: ${text}`);
  return done;
}

/** All that it says, once it has said its last line: a program may have ended before it was read. */
async function report(program: Program): Promise<string> {
  await program.line((line) => line.startsWith('Transfer/sec'));
  return program.lines.join('\n');
}

function start(target: Target, { dir, clients }: Load, seconds: number): Program {
  const script = join(dir, `${target.port}.lua`);
  writeFileSync(script, scriptOf(target.posting));
  const threads = Math.min(clients, availableParallelism());
  const shape = ['-t', `${threads}`, '-c', `${clients}`, '-d', `${seconds}s`, '--latency'];
  return startProgram([wrk, ...shape, '-s', script, `https://127.0.0.1:${target.port}`]);
}

/** Lua reads plain texts as JSON spells them. */
function scriptOf({ path, headers, body }: Post): string {
  const fields = Object.entries(headers).map(([name, value]) => `[${JSON.stringify(name)}] = ${JSON.stringify(value)}`);
  return `local turn = 0
local headers = { ${fields.join(', ')} }
function request()
  turn = turn + 1
  return wrk.format("POST", ${JSON.stringify(path)}, headers, string.format(${JSON.stringify(body)}, turn % 1000))
end
`;
}

function msOf(text: string): number {
  const factor = text.endsWith('us') ? 0.001 : text.endsWith('ms') ? 1 : 1_000;
  return parseFloat(text) * factor;
}
