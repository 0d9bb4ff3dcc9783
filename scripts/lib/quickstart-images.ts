import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buildBaseImage } from '../../build/base-image.ts';
import { buildExamples } from '../../build/examples.ts';
import { run } from '../../src/base/run.ts';

export type Images = AsyncDisposable & {
  /** A folder with the examples' manifests, each naming its image of this run: a repository for the app store. */
  manifests: string;
};

/** Builds the example images under names of this run; disposing removes them. */
export async function buildImages(o: { id: string; base: string | undefined; signal: AbortSignal }): Promise<Images> {
  const { id, signal } = o;
  const docker = (argv: readonly string[]) => run('docker', argv, { signal, timeoutMs: 600_000 });
  const tags: string[] = [];
  await using undo = new AsyncDisposableStack();
  undo.defer(async () => {
    // Not by the signal: this is what it asks for.
    for (const tag of tags.reverse()) await run('docker', ['image', 'rm', '--force', tag]);
  });
  let { base } = o;
  if (base === undefined) {
    base = `databox-quickstart/base:${id}`;
    tags.push(base);
    await buildBaseImage(docker, base);
  }
  const manifests = mkdtempSync(join(tmpdir(), 'databox-quickstart-'));
  undo.defer(() => rmSync(manifests, { recursive: true, force: true }));
  mkdirSync(manifests, { recursive: true });
  for (const { name, dir } of await buildExamples()) {
    const image = `databox-quickstart/${name}:${id}`;
    tags.push(image);
    await docker(['build', '--quiet', '--tag', image, '--build-arg', `BASE=${base}`, dir]);
    const manifest = JSON.parse(readFileSync(join(dir, 'databox-manifest.json'), 'utf8')) as object;
    writeFileSync(join(manifests, `${name}.json`), JSON.stringify({ ...manifest, 'docker-image': image }));
  }
  const kept = undo.move();
  return { manifests, [Symbol.asyncDispose]: () => kept.disposeAsync() };
}
