import { createHash } from 'node:crypto';
import {
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildExamples } from '../../../build/examples.ts';
import { run } from '../../../src/base/run.ts';
import type { Engine } from './engine.ts';
import type { House } from './house.ts';

/** As manifests name it; `local/…:…` is complete, so nothing is added and nothing pulled. */
export const probeImage = 'local/probe:1';

const here = fileURLToPath(new URL('.', import.meta.url));
const cache = join(here, '../../../.cache/rig');

/**
 * Puts the probe image into an engine: Node, its libraries, a shell, and the programs of probe/. The archive is made once per
 * machine and version of its contents.
 */
export async function loadProbeImage({ dir }: House, engine: Engine): Promise<void> {
  const hash = createHash('sha256').update(process.version);
  for (const file of readdirSync(join(here, 'probe')).sort()) hash.update(readFileSync(join(here, 'probe', file)));
  const key = hash.digest('hex').slice(0, 12);
  const archive = join(cache, `probe-${key}.tar`);
  if (!existsSync(archive)) await pack(join(dir, 'probe'), archive);
  const changes = ['CMD ["/bin/node", "--disable-warning=ExperimentalWarning", "/app/main.ts"]', 'ENV PATH=/bin'];
  await engine.docker(['import', ...changes.flatMap((change) => ['--change', change]), archive, probeImage]);
}

/** Builds the example images in an engine, over the probe image's Node, under the names that the originals' manifests lead to. */
export async function loadExampleImages({ engine }: { engine: Engine }): Promise<void> {
  for (const { dir, image } of await buildExamples()) {
    await engine.docker(['build', '-q', '-t', image, '--build-arg', `BASE=${probeImage}`, dir]);
  }
}

/** An image of another architecture, made by hand: older engines ignore `--platform` without a registry. */
export async function loadForeignImage(
  { house, engine }: { house: House; engine: Engine },
  tag: string,
): Promise<void> {
  const dir = join(house.dir, 'foreign');
  mkdirSync(dir);
  const layer = Buffer.alloc(10_240);
  const diff = `sha256:${createHash('sha256').update(layer).digest('hex')}`;
  const config = { architecture: 's390x', os: 'linux', config: {}, rootfs: { type: 'layers', diff_ids: [diff] } };
  writeFileSync(join(dir, 'layer.tar'), layer);
  writeFileSync(join(dir, 'config.json'), JSON.stringify(config));
  const manifest = [{ Config: 'config.json', RepoTags: [tag], Layers: ['layer.tar'] }];
  writeFileSync(join(dir, 'manifest.json'), JSON.stringify(manifest));
  await run('tar', ['-C', dir, '-cf', `${dir}.tar`, '.']);
  await engine.docker(['load', '-q', '-i', `${dir}.tar`]);
}

async function pack(root: string, archive: string): Promise<void> {
  for (const folder of ['bin', 'app', 'etc', 'tmp', 'run', 'root', 'proc', 'sys', 'dev']) {
    mkdirSync(join(root, folder), { recursive: true });
  }
  const linked = await run('ldd', [process.execPath]);
  const libraries = [...linked.matchAll(/(\/\S+) \(0x/g)].map((match) => match[1] ?? '');
  for (const library of libraries) {
    mkdirSync(join(root, dirname(library)), { recursive: true });
    copyFileSync(library, join(root, library));
  }
  copyFileSync(process.execPath, join(root, 'bin/node'));
  copyFileSync('/bin/busybox', join(root, 'bin/busybox'));
  for (const tool of ['sh', 'cat', 'id', 'sleep', 'nslookup', 'nc', 'ping', 'wget', 'kill', 'ls', 'ps']) {
    symlinkSync('busybox', join(root, 'bin', tool));
  }
  writeFileSync(join(root, 'etc/passwd'), 'root:x:0:0:root:/root:/bin/sh\n');
  cpSync(join(here, 'probe'), join(root, 'app'), { recursive: true });
  writeFileSync(join(root, 'app/package.json'), '{"type":"module"}\n');
  mkdirSync(cache, { recursive: true });
  // Another test may be making it too.
  const part = `${archive}.${process.pid}.part`;
  await run('tar', ['-C', root, '-cf', part, '.']);
  await run('mv', [part, archive]);
  rmSync(root, { recursive: true });
}
