/** recipe — the manifest and the Dockerfile of a context, as plain files of it. */
import { closeSync, constants, fstatSync, lstatSync, openSync, readSync } from 'node:fs';
import { join } from 'node:path';
import { Failure } from '../../base/errors.ts';

const manifestFile = 'databox-manifest.json';
const limitBytes = 256 * 1024;

export type Manifest = Record<string, unknown> & { name?: unknown };
export type Overrides = { registry?: string | undefined; tag?: string | undefined };

/**
 * What databox-manifest.json says, as JSON; the box validates it.
 * @throws Failure `manifest.unknown` when there is none, `manifest.invalid` when it is no plain file with a JSON object
 */
export function readManifest(dir: string): Manifest {
  const text = readPlain(join(dir, manifestFile));
  if (text === undefined) {
    throw new Failure('manifest.unknown', `there is no ${manifestFile}: it says what a component is and asks for`);
  }
  const refuse = (why: string, cause?: unknown) =>
    new Failure('manifest.invalid', `${manifestFile} ${why}`, { faults: [`manifest: ${why}`] }, { cause });
  if (text === null) throw refuse(`is no plain file of at most ${limitBytes} bytes`);
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw refuse('is no JSON', cause);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) throw refuse('is no JSON object');
  return value as Manifest;
}

/**
 * The manifest with another registry or tag: what the box looks for is what will be built.
 * @throws Failure `usage` when the manifest names its image in full
 */
export function withImage(manifest: Manifest, { registry, tag }: Overrides): Manifest {
  if (registry === undefined && tag === undefined) return manifest;
  const image = manifest['docker-image'];
  if (typeof image === 'string' && image.includes('/') && image.includes(':')) {
    throw new Failure('usage', `the manifest names the whole image ${image}: --registry and --tag change nothing`);
  }
  return {
    ...manifest,
    ...(registry !== undefined && { 'docker-registry': registry }),
    ...(tag !== undefined && { 'docker-image-tag': tag }),
  };
}

/** The Dockerfile for an architecture. @throws Failure `image.invalid` when there is none that is a plain file */
export function dockerfileFor(arch: string, dir: string): string {
  const names = [...(arch === 'amd64' ? [] : [`Dockerfile-${arch}`]), 'Dockerfile'];
  for (const name of names) {
    const info = lstatSync(join(dir, name), { throwIfNoEntry: false });
    if (info?.isFile()) return name;
    if (info) throw new Failure('image.invalid', `${name} is no plain file: a link may lead out of the folder`);
  }
  throw new Failure('image.invalid', `there is no ${names.join(' and no ')}: it says how the image is built`);
}

/** `undefined` when there is no such file, `null` when it is a link, a pipe or too large. */
function readPlain(file: string): string | null | undefined {
  let fd: number;
  try {
    // NONBLOCK: opening a pipe that nobody writes to would wait for ever.
    fd = openSync(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (err) {
    if ((err as { code?: string }).code === 'ENOENT') return undefined;
    return null;
  }
  try {
    const info = fstatSync(fd);
    if (!info.isFile() || info.size > limitBytes) return null;
    const bytes = Buffer.alloc(info.size);
    return bytes.toString('utf8', 0, readSync(fd, bytes));
  } finally {
    closeSync(fd);
  }
}
