/** binary — one executable out of Node, our bundled sources and the native parts, put together by pkg. */
import { chmodSync, mkdirSync, renameSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { buildNativeParts } from './native.ts';
import { cacheNode, nodeVersion } from './node.ts';
import { dist, root, type Target, work } from './paths.ts';
import { descriptions } from '../../src/base/description.ts';
import type { Sources } from './sources.ts';
import { packInto } from './tools.ts';

/**
 * Makes the binary of a target.
 * @param to  the folder; dist
 * @returns its path
 */
export async function makeBinary(target: Target, sources: Sources, to = dist): Promise<string> {
  const version = nodeVersion(target);
  if (process.version !== `v${version}`) throw new Error(`run this with Node ${version}, not ${process.version}`);
  const home = await cacheNode(target);
  const native = await buildNativeParts(target);
  const assets = {
    ...Object.fromEntries(Object.entries(native).map(([name, file]) => [`native/${name}.node`, file])),
    ...Object.fromEntries(Object.entries(sources.workers).map(([path, text]) => [path, put(path, text)])),
    ...sources.examples,
    ...Object.fromEntries(descriptions.map((path) => [path, join(root, path)])),
  };
  const output = join(work, target.file);
  const entry = put('main.cjs', sources.main);
  // Node writes the path of its main script into the binary as it is told it. pkg makes the binary in a new folder under
  // TMPDIR: seen from there the path is the same in every clone.
  const main = `../${basename(entry)}`;
  // A code cache is of one processor and one V8: made here, it would be of no use on the other.
  const seaConfig = { disableExperimentalSEAWarning: true, useSnapshot: false, useCodeCache: false, main, assets };
  const targets = [{ nodeRange: `node${version}`, platform: 'linux', arch: target.arch, output }];
  // pkg takes its cache to be in the user's home.
  await withEnvironment({ HOME: home, TMPDIR: dirname(entry) }, () => packInto(entry, { targets, seaConfig }));
  chmodSync(output, 0o755);
  renameSync(output, join(to, target.file));
  return join(to, target.file);
}

function put(path: string, text: string): string {
  const file = join(work, 'sources', path);
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, text);
  return file;
}

async function withEnvironment(variables: Record<string, string>, work: () => Promise<void>): Promise<void> {
  const before = { ...process.env };
  Object.assign(process.env, variables);
  try {
    await work();
  } finally {
    for (const name of Object.keys(variables)) {
      if (before[name] === undefined) delete process.env[name];
      else process.env[name] = before[name];
    }
  }
}
