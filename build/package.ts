/** package — the single binaries, Debian packages and the papers beside them: `npm run package`; `npm run package -- amd64` makes one. */
import { chmodSync, copyFileSync, existsSync, mkdirSync, statSync } from 'node:fs';
import { basename, join } from 'node:path';
import { inventory } from './package/inventory.ts';
import { makeBinary } from './package/binary.ts';
import { debName, makeDeb } from './package/deb.ts';
import { writeBill, writeLicences, writeSums } from './package/papers.ts';
import { dist, root, targets } from './package/paths.ts';
import { packageVersion, releaseEpoch } from './package/release.ts';
import { bundleSources } from './package/sources.ts';
import { fetchTools } from './package/tools.ts';
import { formats } from '../src/state.ts';
import { buildShellFiles } from './shell.ts';

const [wanted = ''] = process.argv.slice(2);
const chosen = targets.filter(({ file }) => file.includes(wanted));
if (chosen.length === 0) {
  throw new Error(`there is no ${wanted}; there are ${targets.map(({ file }) => file).join(', ')}`);
}
mkdirSync(dist, { recursive: true });
await fetchTools();
const sources = await bundleSources();
for (const target of chosen) {
  const file = await makeBinary(target, sources);
  console.log(`packaged ${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
}
const parts = inventory(sources.metafiles);
writeLicences(parts);
writeBill(packageVersion, parts);
// Before the Debian packages, which hold them.
buildShellFiles();
const epoch = await releaseEpoch();
for (const target of chosen) {
  const binary = join(dist, target.file);
  const file = await makeDeb({
    target,
    version: packageVersion,
    epoch,
    binary,
    formats,
    to: dist,
    compression: 'gzip',
  });
  console.log(`packaged ${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
}
const scripts = putScripts();
const made = targets.flatMap((target) => [target.file, debName(target, packageVersion)]);
writeSums([...made, ...scripts].map((name) => join(dist, name)).filter((file) => existsSync(file)));

/** What installs a binary where there is no dpkg. @returns the files' names in dist */
function putScripts(): string[] {
  return ['scripts/install', 'scripts/lib/update'].map((path) => {
    const name = basename(path);
    copyFileSync(join(root, path), join(dist, name));
    chmodSync(join(dist, name), 0o755);
    return name;
  });
}
