/** Stores on a disk of their own, and what may be wrong with it. */
import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

type Options = {
  dir: string;
  /** Size of a tmpfs that only the keeper sees; absent: the folder as it is. */
  sizeMb?: number;
  /** A file with a file system that only the keeper sees; it is gone from the kernel when the keeper is. */
  image?: string;
  reserveBytes?: number;
  /** The program; absent: stores. */
  program?: string;
  /** What the program is told. */
  told?: string;
  /** The library of `buildFaults`, and the file that says what it does. */
  faults?: Faults;
};
export type Faults = { library: string; control: string };

/** Compiles faults.c; the folder is the caller's to remove. */
export function buildFaults(): Faults & { dir: string } {
  const dir = mkdtempSync(join(tmpdir(), 'databox-faults-'));
  const library = join(dir, 'faults.so');
  const source = join(import.meta.dirname, 'faults.c');
  execFileSync('gcc', ['-shared', '-fPIC', '-O1', '-Wall', '-Werror', '-o', library, source, '-ldl']);
  return { dir, library, control: join(dir, 'control') };
}

/** Calls on files of this folder fail from now on; a code of 0 kills. */
export const fail = ({ control }: Faults, o: { calls: string; code: number; spare?: number; folder: string }): void =>
  writeFileSync(control, `${o.calls} ${o.code} ${o.spare ?? 0} ${o.folder}\n`);
export const mend = ({ control }: Faults): void => rmSync(control, { force: true });

export type Keeper = Awaited<ReturnType<typeof keep>>;

export async function keep({ dir, sizeMb, image, reserveBytes, faults, told, ...o }: Options) {
  const program = o.program ?? join(import.meta.dirname, 'keeper.ts');
  const tmpfs = sizeMb === undefined ? '' : `mount -t tmpfs -o size=${sizeMb}m,mode=700 tmpfs '${dir}'; `;
  const mount = image === undefined ? tmpfs : `mount -o loop '${image}' '${dir}'; `;
  const script = `${mount}exec '${process.execPath}' '${program}' '${dir}' '${told ?? reserveBytes ?? ''}'`;
  const child = spawn('unshare', ['--mount', 'sh', '-ec', script], {
    stdio: ['ignore', 'pipe', 'inherit'],
    env: { ...process.env, ...(faults && { LD_PRELOAD: faults.library, FAULTS: faults.control }) },
  });
  const gone = once(child, 'exit');
  const first = await Promise.race([once(child.stdout, 'data'), gone.then(() => null)]);
  if (first === null) throw new Error('the keeper did not start');
  const port = Number(String(first[0]));
  const ask = (path: string, body?: string | Buffer, token = 'any') => asked({ port, path, token }, body);
  return {
    ask,
    /** Its folder, as it sees it. */
    dir: `/proc/${child.pid}/root${dir}`,
    problems: async () => JSON.parse(String((await ask('/:problems')).bytes)) as string[],
    write: async (value: number, store = 'kept') => (await ask(`/${store}/ts/a`, `{"value":${value}}`)).status,
    values: async (store = 'kept') => {
      const { status, bytes } = await ask(`/${store}/ts/a/first/100000`);
      if (status !== 200) throw new Error(`${status} ${String(bytes)}`);
      return (JSON.parse(String(bytes)) as { data: { value: number } }[]).map(({ data }) => data.value);
    },
    signal: (name: 'SIGSTOP' | 'SIGCONT') => child.kill(name),
    isAlive: () => child.exitCode === null && child.signalCode === null,
    gone,
    async [Symbol.asyncDispose]() {
      child.kill('SIGKILL');
      await gone;
    },
  };
}

type To = { port: number; path: string; token: string };
function asked({ port, path, token }: To, body?: string | Buffer): Promise<{ status: number; bytes: Buffer }> {
  const headers = { 'x-api-key': token, 'content-type': 'application/json' };
  const method = body === undefined ? 'GET' : 'POST';
  return new Promise((resolve, reject) => {
    // One that is killed may break the connection more than once.
    const req = request({ host: '127.0.0.1', port, path, method, headers, agent: false }, (res) => {
      const parts: Buffer[] = [];
      res.on('data', (part: Buffer) => parts.push(part)).on('error', reject);
      res.on('end', () => resolve({ status: res.statusCode ?? 0, bytes: Buffer.concat(parts) }));
    });
    req.on('error', reject).end(body);
  });
}
