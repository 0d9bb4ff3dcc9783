/** examples — bundles each example's source into one file beside its Dockerfile and manifest, ready for `docker build`. */
import { build } from 'esbuild';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
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
  const bundled = await build({
    entryPoints: [join(source, 'src/main.ts')],
    bundle: true,
    write: false,
    platform: 'node',
    target: 'node24',
    // The file stands alone in its image, without a package.json: ESM is told by its syntax.
    format: 'esm',
    legalComments: 'none',
    logLevel: 'warning',
  });
  for (const { contents } of bundled.outputFiles) put(join(dir, 'main.js'), contents);
  for (const file of ['Dockerfile', 'databox-manifest.json']) put(join(dir, file), readFileSync(join(source, file)));
  return { name, dir, image: imageOf(name) };
}

/** Exchanges a file for another one, whole: somebody may be building an image of it. One that is right is left alone. */
function put(file: string, contents: Uint8Array): void {
  if (existsSync(file) && readFileSync(file).equals(contents)) return;
  const part = `${file}.${process.pid}.part`;
  writeFileSync(part, contents);
  // The container's user is not the builder, and a builder's umask may be narrow.
  chmodSync(part, 0o644);
  renameSync(part, file);
}

if (import.meta.main) for (const { dir } of await buildExamples()) console.log(dir);
