/** pull — from the references that a manifest may mean to the one image that runs. */
import { Failure } from '../base/errors.ts';
import type { Docker, ImageFacts } from './docker.ts';
import { dockerArch, type Arch } from './images.ts';

export type Image = ImageFacts & { reference: string };
export type PullOptions = { arch: Arch; signal: AbortSignal; onLine: (line: string) => void };

/** The first of these references that is on this machine. */
export async function localImage(docker: Docker, references: readonly string[]): Promise<Image | undefined> {
  for (const reference of references) {
    const image = await docker.image(reference);
    if (image) return { ...image, reference };
  }
  return undefined;
}

/**
 * An image that is here, or can be pulled, and runs on this machine.
 * @throws Failure `image.missing` (with what was tried), `image.invalid` (another architecture)
 */
export async function obtainImage(docker: Docker, references: readonly string[], options: PullOptions): Promise<Image> {
  const image = (await localImage(docker, references)) ?? (await pullFirst(docker, references, options));
  if (image.arch !== dockerArch(options.arch)) {
    throw new Failure(
      'image.invalid',
      `${image.reference} is for ${image.arch}, but this machine is ${dockerArch(options.arch)}: build or name another`,
      { reference: image.reference, arch: image.arch },
    );
  }
  return image;
}

async function pullFirst(docker: Docker, references: readonly string[], options: PullOptions): Promise<Image> {
  const faults: string[] = [];
  for (const reference of references) {
    try {
      await docker.pull(reference, options);
      const image = await docker.image(reference);
      if (image) return { ...image, reference };
    } catch (err) {
      if (!(err instanceof Failure) || err.code !== 'docker.failed' || options.signal.aborted) throw err;
      faults.push(err.message);
    }
  }
  const tried = references.join(' or ');
  const sentence = `no image ${tried} is here and none could be pulled: build it, or check the registry and network`;
  throw new Failure('image.missing', sentence, { references, faults });
}

/**
 * The very image that was found at install; if it was deleted since, it is fetched again and must be the same.
 * @throws Failure `image.missing`, `image.invalid` when its name now leads to another image
 */
export async function agreedImage(docker: Docker, agreed: { reference: string; id: string }, options: PullOptions) {
  const here = await docker.image(agreed.id);
  if (here) return here;
  const image = await obtainImage(docker, [agreed.reference], options);
  if (image.id === agreed.id) return image;
  const sentence = `${agreed.reference} is no longer the image that was agreed to: uninstall, review and install again`;
  throw new Failure('image.invalid', sentence, { reference: agreed.reference, agreed: agreed.id, found: image.id });
}
