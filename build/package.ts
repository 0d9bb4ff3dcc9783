/** package — the single binaries: `npm run package`, or `npm run package -- amd64` for one of them. */
import { mkdirSync, statSync } from 'node:fs';
import { makeBinary } from './package/binary.ts';
import { dist, targets } from './package/paths.ts';
import { bundleSources } from './package/sources.ts';

const [wanted = ''] = process.argv.slice(2);
const chosen = targets.filter(({ file }) => file.includes(wanted));
if (chosen.length === 0)
  throw new Error(`there is no ${wanted}; there are ${targets.map(({ file }) => file).join(', ')}`);
mkdirSync(dist, { recursive: true });
const sources = await bundleSources();
for (const target of chosen) {
  const file = await makeBinary(target, sources);
  console.log(`packaged ${file}, ${(statSync(file).size / 1e6).toFixed(1)} MB`);
}
