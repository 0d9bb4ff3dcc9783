/** versions — the version under test as it is shipped, one that comes after it, and one that does not work. */
import { existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { makeBinary } from '../../build/package/binary.ts';
import { makeDeb } from '../../build/package/deb.ts';
import { dist, targets, work } from '../../build/package/paths.ts';
import { bundleSources, type Change } from '../../build/package/sources.ts';
import { packageVersion } from '../../build/package/release.ts';
import { run } from '../../src/base/run.ts';
import { formats } from '../../src/state.ts';
import { fetchTools } from '../../build/package/tools.ts';

export type Version = { version: string; binary: string; deb: string };

const target = targets.find(({ arch }) => arch === process.arch) ?? targets[0];
if (!target) throw new Error('there is no target');
const folder = join(work, 'versions');
/** What the faulty version does once it has changed the files: the first word of this file, in the machine. */
export const faultFile = '/etc/databox/fault';

/** In the text of one source, this instead of that, which must be there. */
function replace(source: string, that: string, by: string): Change {
  return (path, text) => {
    if (path !== source) return text;
    if (!text.includes(that)) throw new Error(`${source} has no ${that}`);
    return text.replace(that, by);
  };
}
const all =
  (...changes: Change[]): Change =>
  (path, text) =>
    changes.reduce((done, change) => change(path, done), text);

/** Files of the arbiter and of every store get a further migration. */
const migrated = all(
  replace('src/arbiter/sql.ts', '\n];\n', "\n  'CREATE TABLE of_the_next_version (x TEXT) STRICT;',\n];\n"),
  replace('src/store/sql/schema.ts', '\n];\n', "\n  'CREATE TABLE of_the_next_version (x TEXT) STRICT;',\n];\n"),
);
/** Of either: what `migrated` makes of them. */
const further = formats.map(([files, version]) => [files, version + (/arbiter|stores/.test(files) ? 1 : 0)] as const);
const named = (version: string): Change =>
  replace('src/main.ts', `const version = '${packageVersion}'`, `const version = '${version}'`);
// It hangs by standing still: Node ends a process that only waits for a promise.
const broken = replace(
  'src/compose.ts',
  '  const { config, signal } = part;\n',
  `  const { config, signal } = part;
  const fault = (await import('node:fs')).readFileSync('${faultFile}', 'utf8').trim();
  if (fault !== '') {
    const files = (await import('node:fs')).globSync(config['state.dir'] + '/stores/*.sqlite');
    const { openDatabase } = await import('./base/sqlite.ts');
    const { migrations } = await import('./store/sql/schema.ts');
    for (const file of files) openDatabase(file, migrations).close();
    console.log('the files are changed');
  }
  if (fault === 'exit') throw new Error('this version does not work');
  if (fault === 'hang') Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0);
`,
);

/** As it is shipped. @throws when it was not made */
export function shipped(): Version {
  const arch = process.arch === 'x64' ? 'amd64' : 'arm64';
  const made = { binary: join(dist, target?.file ?? ''), deb: join(dist, `databox_${packageVersion}_${arch}.deb`) };
  for (const file of Object.values(made)) if (!existsSync(file)) throw new Error(`${file} is missing: npm run package`);
  return { version: packageVersion, ...made };
}

/** The next version: its files are of a further format. */
const next = () => make('0.2.0', all(named('0.2.0'), migrated));
/** One whose files are of that format too, and that fails after it has changed them, as `faultFile` says. */
const faulty = () => make('0.3.0', all(named('0.3.0'), migrated, broken));

/** Makes both in a process of their own: pkg looks for its cache in the home that it is given, which a test cannot change. */
export async function otherVersions(): Promise<{ next: Version; faulty: Version }> {
  const made = await run(process.execPath, [import.meta.filename], { timeoutMs: 600_000 });
  return JSON.parse(made.split('\n').at(-1) ?? '') as { next: Version; faulty: Version };
}

async function make(version: string, change: Change): Promise<Version> {
  if (!target) throw new Error('there is no target');
  mkdirSync(folder, { recursive: true });
  await fetchTools();
  const to = join(folder, version);
  mkdirSync(to, { recursive: true });
  const binary = await makeBinary(target, await bundleSources(change), to);
  const deb = await makeDeb({
    target,
    version,
    binary,
    to,
    formats: further,
    epoch: 1_700_000_000,
    compression: 'none',
  });
  return { version, binary, deb };
}

if (import.meta.main) console.log(JSON.stringify({ next: await next(), faulty: await faulty() }));
