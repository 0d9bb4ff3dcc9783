/** The binaries that `npm run package` made, and how each is run here. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { dist, targets } from '../../build/package/paths.ts';

export type Binary = {
  name: string;
  file: string;
  arch: 'x64' | 'arm64';
  /** What stands before the file when it is run: nothing, or the other processor's emulator. */
  runner: readonly string[];
  slow: number;
};

/** @throws when one was not made: a check that checks nothing must not pass */
export const binaries: readonly Binary[] = targets.map(({ file: name, arch }) => {
  const file = join(dist, name);
  if (!existsSync(file)) throw new Error(`${name} is missing: npm run package`);
  const native = arch === process.arch;
  const emulator = `qemu-${arch === 'arm64' ? 'aarch64' : 'x86_64'}-static`;
  return { name, file, arch, runner: native ? [] : [emulator, '-L', '/'], slow: native ? 1 : 20 };
});

/** @returns program and arguments */
export function command({ runner, file }: Binary, ...argv: string[]): [string, string[]] {
  const [program = file, ...rest] = [...runner, file, ...argv];
  return [program, rest];
}
