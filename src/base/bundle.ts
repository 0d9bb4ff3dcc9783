/**
 * bundle — what the single binary carries with it: worker sources and native parts, by their path in the project.
 * From a checkout there is none, and both are read from where they lie.
 */
import { existsSync, mkdtempSync, openSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { fileURLToPath } from 'node:url';
import { getEnvironmentData, setEnvironmentData } from 'node:worker_threads';

// Asked for at run time: test runners that resolve imports themselves do not know this module.
const sea = process.getBuiltinModule('node:sea');

/** Whether this is the single binary. */
export const isBundled = (): boolean => sea.isSea();

/**
 * The bundled source of a module, CommonJS, all it imports inside.
 * @param url  as the module's neighbour names it, `new URL('./worker.ts', import.meta.url)`; in the binary every source
 *             sees itself at `file:///src/…`
 * @returns    null from a checkout: start the file itself
 */
export function bundledSource(url: URL): string | null {
  return sea.isSea() ? sea.getAsset(url.pathname.slice(1), 'utf8') : null;
}

/**
 * The files of a folder and of the folders in it.
 * @param url  ends in `/`; in the binary as `bundledSource` has it
 * @returns    by their path below it; none when there is no such folder
 */
export function bundledFiles(url: URL): [path: string, bytes: Uint8Array][] {
  if (sea.isSea()) {
    const folder = url.pathname.slice(1);
    const keys = sea.getAssetKeys().filter((key) => key.startsWith(folder));
    return keys.map((key) => [key.slice(folder.length), new Uint8Array(sea.getRawAsset(key))]);
  }
  const folder = fileURLToPath(url);
  if (!existsSync(folder)) return [];
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return entries.map(({ parentPath, name }) => {
    const file = join(parentPath, name);
    return [relative(folder, file), readFileSync(file)];
  });
}

/**
 * Loads a native part.
 * @param name  its name in the binary, as `build/package.ts` gives it
 * @param file  where it lies in a checkout
 * @throws what the loader says
 */
export function loadAddon(name: AddonName, file: string): unknown {
  if (!sea.isSea()) return createRequire(import.meta.url)(file) as unknown;
  const module = { exports: {} as unknown };
  process.dlopen(module, isShared(name) ? unpackAddons()[name] : unpack(name));
  return module.exports;
}

const shared = ['nfqueue', 'notify', 'better_sqlite3'] as const;
/** The last are of the main thread alone, and not of every run: they are written when they are asked for. */
export const addonNames = [...shared, 'zeromq', 'relay'] as const;
export type AddonName = (typeof addonNames)[number];
type Shared = (typeof shared)[number];
const isShared = (name: AddonName): name is Shared => (shared as readonly string[]).includes(name);
const places = 'databox.addons';

/**
 * Writes the native parts that threads share where the loader can map them; once per process, before its first worker starts.
 *
 * The files have no name any more when this returns: nobody can exchange them, and a killed process leaves none behind.
 * All threads open the same descriptors, so that the loader maps one copy: two copies of SQLite in one process would
 * drop each other's file locks.
 * @returns a path for each, good in every thread of this process for as long as it lives
 * @throws  the system's reason when the folder for temporary files (`TMPDIR`, else /tmp) cannot be written
 */
export function unpackAddons(): Record<Shared, string> {
  const known = getEnvironmentData(places) as Record<Shared, string> | undefined;
  if (known) return known;
  const made = Object.fromEntries(shared.map((name) => [name, unpack(name)])) as Record<Shared, string>;
  setEnvironmentData(places, made);
  return made;
}

function unpack(name: AddonName): string {
  const dir = mkdtempSync(join(tmpdir(), 'databox-'));
  try {
    const file = join(dir, name);
    writeFileSync(file, new Uint8Array(sea.getRawAsset(`native/${name}.node`)), { mode: 0o500, flag: 'wx' });
    return `/proc/self/fd/${openSync(file, 'r')}`;
  } finally {
    rmSync(dir, { recursive: true });
  }
}
