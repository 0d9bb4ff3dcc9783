/** examples — bundles each example's source into one file beside its Dockerfile and manifest, ready for `docker build`. */
import { build } from 'esbuild';
import { chmodSync, copyFileSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = fileURLToPath(new URL('..', import.meta.url));

export type Example = {
  name: string;
  /** Build context: main.js, Dockerfile, databox-manifest.json. */
  dir: string;
  /** The name that the box looks for when it installs the manifest. */
  image: string;
};

/** As images are named by the box: `databoxsystems/<name>-<architecture>:<release>`. */
export const imageOf = (name: string, arch: string = process.arch, release = '0.5.2'): string =>
  `databoxsystems/${name}-${arch === 'arm64' ? 'arm64v8' : 'amd64'}:${release}`;

/** Bundles every example into dist/examples/<name>/. Takes half a second. */
export async function buildExamples(): Promise<Example[]> {
  const names = readdirSync(join(root, 'examples')).filter((name) =>
    statSync(join(root, 'examples', name, 'databox-manifest.json'), { throwIfNoEntry: false }),
  );
  return Promise.all(names.map((name) => buildExample(name)));
}

async function buildExample(name: string): Promise<Example> {
  const source = join(root, 'examples', name);
  const dir = join(root, 'dist/examples', name);
  mkdirSync(dir, { recursive: true });
  await build({
    entryPoints: [join(source, 'src/main.ts')],
    outfile: join(dir, 'main.js'),
    bundle: true,
    platform: 'node',
    target: 'node24',
    // The file stands alone in its image, without a package.json: ESM is told by its syntax.
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const file of ['Dockerfile', 'databox-manifest.json']) copyFileSync(join(source, file), join(dir, file));
  // The container's user is not the builder, and a builder's umask may be narrow.
  chmodSync(join(dir, 'main.js'), 0o644);
  return { name, dir, image: imageOf(name) };
}

if (import.meta.main) for (const { dir } of await buildExamples()) console.log(dir);
