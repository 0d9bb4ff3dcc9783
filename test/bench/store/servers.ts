/** servers — what is measured, each in a process of its own, which ends with its disposal. */
import { execFileSync } from 'node:child_process';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram, type Program } from '../../abuse/rig/process.ts';
import type { Tls } from '../../../src/base/listen.ts';
import type { Method } from '../../../src/base/names.ts';
import { httpRequest, type Place } from './line.ts';
import { series } from './names.ts';
import type { Target } from './wrk.ts';

export type Server = AsyncDisposable & Place & { program: Program };
export type Box = Server &
  Target & {
    /** @param body  JSON */
    request(method: Method, path: string, body?: string): string;
    /** A single point, without a time of its own; the same that `posting` posts. */
    point(): string;
    batch(entries: readonly Entry[]): string;
    /** @param rest  of a path after the series, such as `/latest` */
    read(rest: string): string;
    tokens: Readonly<Record<Method, string>>;
    /** Absent: without that door. */
    zest: Zest | undefined;
    /** 99th percentile of the main thread's delay since the last call, ms; of 1 ms resolution, which is in it. */
    delayMs(): Promise<number>;
  };
/** Where the original's protocol is served: as in a box, and as at an author's desk. */
export type Zest = Record<'box' | 'desk', { port: number; publicKey: string }>;
export type Entry = { timestamp: number; value: number; room: string };
type BoxOptions = {
  dir: string;
  tls: Tls;
  how?: readonly ('each' | 'open' | 'ledger' | 'zest')[];
  env?: Record<string, string>;
};

const programOf = (name: string): string => join(import.meta.dirname, name);
const compiled = { NODE_COMPILE_CACHE: join(import.meta.dirname, '../../../.cache/compile') };
let isCompiled = false;

/** As the service has it and the single binary: one pool of memory for all threads, and no compiler in any. */
function environment(): Record<string, string> {
  const env = { ...process.env, ...compiled };
  if (!isCompiled) execFileSync(process.execPath, [programOf('compiled.ts')], { env });
  isCompiled = true;
  return { ...compiled, MALLOC_ARENA_MAX: '1' };
}

export async function startBare(tls: Tls): Promise<Server> {
  const program = startProgram([process.execPath, programOf('bare.ts'), JSON.stringify(tls)]);
  const { port } = JSON.parse(await program.line((line) => line.startsWith('{'))) as { port: number };
  return { program, port, cert: tls.cert, [Symbol.asyncDispose]: () => program[Symbol.asyncDispose]() };
}

export async function startBox({ dir, tls, how = [], env = {} }: BoxOptions): Promise<Box> {
  mkdirSync(dir, { recursive: true });
  const argv = [process.execPath, programOf('box.ts'), dir, JSON.stringify(tls), ...how];
  const program = startProgram(argv, { env: { ...environment(), ...env } });
  type Said = Pick<Box, 'port' | 'tokens' | 'zest'>;
  const { port, tokens, zest } = JSON.parse(await program.line((line) => line.startsWith('{'))) as Said;
  let turn = 0;
  const request: Box['request'] = (method, path, body = '') => {
    const type = method === 'POST' ? { 'content-type': 'application/json' } : {};
    return httpRequest({ method, path, body, headers: { 'x-api-key': tokens[method], ...type } });
  };
  return {
    ...{ program, port, tokens, zest, cert: tls.cert },
    posting: {
      path: `/ts/${series}`,
      headers: { 'x-api-key': tokens.POST, 'content-type': 'application/json' },
      body: '{"value":%d,"room":"hall"}',
    },
    request,
    point: () => request('POST', `/ts/${series}`, `{"value":${turn++ % 1_000},"room":"hall"}`),
    batch: (entries) =>
      request(
        'POST',
        `/ts/${series}/batch`,
        `[${entries.map(({ timestamp, value, room }) => `{"timestamp":${timestamp},"data":{"value":${value},"room":"${room}"}}`).join()}]`,
      ),
    read: (rest) => request('GET', `/ts/${series}${rest}`),
    async delayMs() {
      const asked = `delay ${turn++}`;
      program.write(`${asked}\n`);
      const said = await program.line((line) => line.includes(`"${asked}"`));
      return (JSON.parse(said) as { delayMs: number }).delayMs;
    },
    [Symbol.asyncDispose]: () => program[Symbol.asyncDispose](),
  };
}

export const slowMs = 5;

/** The library that makes every fsync of a box take that much more. */
export function slowDisk(dir: string): Record<string, string> {
  const library = join(dir, 'slow-disk.so');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, programOf('slow-disk.c'), '-ldl']);
  return { LD_PRELOAD: library, SLOW_DISK_MS: String(slowMs) };
}

/** A key and its certificate in one file, as InfluxDB and Redis read them. */
export function pemFile(dir: string, { key, cert }: Tls): string {
  const file = join(dir, 'pair.pem');
  writeFileSync(file, `${cert}\n${key}`, { mode: 0o600 });
  return file;
}
