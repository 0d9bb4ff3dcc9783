/** load — many clients of a Zest door that write at once, from load.c: as wrk's over HTTPS, they take little of the machine. */
import { execFileSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { startProgram } from '../../abuse/rig/process.ts';
import type { Place } from './lines.ts';

const compiler = '/usr/bin/gcc';
const library = '/usr/include/sodium.h';

/** What it needs and is not there: a package of Debian's. */
export const missing = (): string | undefined =>
  [
    [compiler, 'gcc'],
    [library, 'libsodium-dev'],
  ].find(([file = '']) => !existsSync(file))?.[1];

/** @param dir  where the program is put */
export function makeLoad(dir: string): Load {
  const program = join(dir, 'load');
  const source = join(import.meta.dirname, 'load.c');
  execFileSync(compiler, ['-O2', '-Wall', '-Wextra', '-Werror', '-o', program, source, '-lsodium']);
  return async ({ port, publicKey }, { clients, head, body, code }, ms) => {
    const words = [port, publicKey, clients, ms, code, head.toString('hex'), body].map(String);
    await using running = startProgram([program, ...words]);
    const said = JSON.parse(await running.line((line) => line.startsWith('{'))) as { perSecond: number };
    return said.perSecond;
  };
}

/**
 * Sends the same request again and again, each client the next one when the last is answered.
 * @returns  requests answered a second, the handshakes' time in it
 * @throws   when one is answered otherwise than by the code
 */
export type Load = (place: Place, request: Request, ms: number) => Promise<number>;
export type Request = {
  clients: number;
  /** A frame up to its payload. */
  head: Buffer;
  /** Its payload. `%d` stands for a number below 1,000, another one each time. */
  body: string;
  /** Of every answer. */
  code: number;
};
