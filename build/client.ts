/** client — `databox/client` as authors import it: one JavaScript file and its types, under `dist/client`. */
import { build } from 'esbuild';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../src/base/run.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** @returns the folder. @throws Failure `command.failed` when a type does not hold */
export async function buildClient(): Promise<string> {
  const outdir = join(root, 'dist/client');
  const entry = join(root, 'src/client/index.ts');
  await build({ entryPoints: [entry], outdir, bundle: true, platform: 'node', format: 'esm', target: 'node20' });
  const emit = ['--noEmit', 'false', '--declaration', '--emitDeclarationOnly', '--rewriteRelativeImportExtensions'];
  await run(join(root, 'node_modules/.bin/tsc'), [...emit, '--project', join(root, 'build/client.tsconfig.json')]);
  return outdir;
}
