/** client — `databox/client` as authors load it: one JavaScript file for `import`, one for `require`, and their types. */
import { build } from 'esbuild';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../src/base/run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns the folder, `dist/client`. @throws Failure `command.failed` when a type does not hold */
export async function buildClient(): Promise<string> {
  const outdir = join(root, 'dist/client');
  const entryPoints = [join(root, 'src/client/index.ts')];
  const common = { entryPoints, outdir, bundle: true, platform: 'node', target: 'node20' } as const;
  await build({ ...common, format: 'esm' });
  await build({ ...common, format: 'cjs', outExtension: { '.js': '.cjs' } });
  const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions'];
  await run(join(root, 'node_modules/.bin/tsc'), [...emit, '--project', join(root, 'build/client.tsconfig.json')]);
  return outdir;
}
