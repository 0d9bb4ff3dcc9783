/** The binaries that `npm run package` made, and how each is run here. */
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dist, root, targets } from '../../build/package/paths.ts';

export type Binary = {
  name: string;
  file: string;
  arch: 'x64' | 'arm64';
  /** What stands before the file when it is run: nothing, the other processor's emulator, another system's root. */
  runner: readonly string[];
  slow: number;
};

/** @throws when one was not made: a check that checks nothing must not pass */
export const binaries: readonly Binary[] = targets.map(({ file: name, arch }) => {
  const file = join(dist, name);
  if (!existsSync(file)) throw new Error(`${name} is missing: npm run package`);
  const native = arch === process.arch;
  return { name, file, arch, runner: native ? [] : [emulatorOf(arch), '-L', '/'], slow: native ? 1 : 20 };
});

const userland = fileURLToPath(new URL('userland.sh', import.meta.url));

/**
 * Each binary with nothing but the libraries of the oldest Debian that can be fetched, as scripts/test laid them.
 * @throws when they are not there
 */
export const inOldestUserland: readonly Binary[] = binaries.map((binary) => {
  const where = join(root, '.cache/userland', binary.arch === 'arm64' ? 'arm64' : 'amd64');
  if (!existsSync(join(where, 'complete'))) throw new Error(`${where} is missing: scripts/test --package lays it`);
  const below = ['unshare', '--mount', '--propagation', 'private', userland, where, dist, tmpdir()];
  const emulator = binary.arch === process.arch ? [] : [`/${emulatorOf(binary.arch)}`];
  return { ...binary, name: `${binary.name} on Debian 11`, runner: [...below, ...emulator] };
});

function emulatorOf(arch: Binary['arch']): string {
  return `qemu-${arch === 'arm64' ? 'aarch64' : 'x86_64'}-static`;
}

/** @returns program and arguments */
export function command({ runner, file }: Binary, ...argv: string[]): [string, string[]] {
  const [program = file, ...rest] = [...runner, file, ...argv];
  return [program, rest];
}
