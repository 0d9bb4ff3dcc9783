/** package — the single binaries and the papers beside them: `npm run package`; `npm run package -- amd64` makes one. */
import { existsSync, mkdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inventory } from './package/inventory.ts';
import { makeBinary } from './package/binary.ts';
import { writeBill, writeLicences, writeSums } from './package/papers.ts';
import { dist, root, targets } from './package/paths.ts';
import { bundleSources } from './package/sources.ts';
import { fetchTools } from './package/tools.ts';

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
const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string };
const parts = inventory(sources.metafiles);
writeLicences(parts);
writeBill(version, parts);
writeSums(targets.map(({ file }) => join(dist, file)).filter((file) => existsSync(file)));
