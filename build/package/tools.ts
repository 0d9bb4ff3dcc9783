/** tools — pkg and zig, in a folder of their own: whoever only runs or tests Databox does not have to fetch them. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { run } from '../../src/base/run.ts';
import { root } from './paths.ts';

const folder = join(root, 'build/package/tools');

/** Where a tool's package lies. */
export const toolFolder = (name: string): string => join(folder, 'node_modules', name);
export const zig = join(folder, 'node_modules/.bin/zig');

/** Fetches the tools as their package-lock.json has them; the first time only. */
export async function fetchTools(): Promise<void> {
  if (existsSync(join(folder, 'node_modules/.package-lock.json'))) return;
  console.log('fetching pkg and zig');
  // `npm run --silent` hands its silence on to every npm that it starts, and a failure would give no reason.
  await run('npm', ['ci', '--prefix', folder, '--loglevel', 'error'], { timeoutMs: 600_000 });
}

type SeaOptions = {
  targets: { nodeRange: string; platform: string; arch: string; output: string }[];
  seaConfig: Record<string, unknown>;
};

/** pkg's pipeline for single executables; its command line cannot pass assets. */
export async function packInto(entry: string, options: SeaOptions): Promise<void> {
  const pkg = (await import(join(toolFolder('@yao-pkg/pkg'), 'lib-es5/sea.js'))) as {
    default: { default: (entry: string, options: SeaOptions) => Promise<void> };
  };
  await pkg.default.default(entry, options);
}
