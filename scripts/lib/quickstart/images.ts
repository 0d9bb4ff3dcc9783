import { run, type RunOptions } from '../../../src/base/run.ts';
import { buildBaseImage } from '../../../build/base-image.ts';
import { buildExamples } from '../../../build/examples.ts';

const localBase = 'databox-quickstart-base:24';

/** The machine's engine, or the one that DOCKER_HOST names. */
export const docker = (argv: readonly string[], options: RunOptions = {}): Promise<string> =>
  // Classic builder: it needs no plugin, and each Dockerfile here is three lines.
  run('docker', argv, { ...options, timeoutMs: 300_000, env: { DOCKER_BUILDKIT: '0' } });

export type Images = AsyncDisposable & {
  /** Folders with a manifest each. */
  examples: { name: string; dir: string }[];
};

/**
 * Builds the images of the examples. Disposing removes those that were not there before.
 * @param base image with `node`; default one made of this project's Node, for machines that reach no registry
 */
export async function buildImages(base: string | undefined, say: (line: string) => void): Promise<Images> {
  await using undo = new AsyncDisposableStack();
  const keep = async (image: string): Promise<void> => {
    if ((await docker(['images', '-q', image])) === '')
      undo.defer(async () => void (await docker(['rmi', '-f', image])));
  };
  if (base === undefined) {
    await keep(localBase);
    say(`making ${localBase} of this project's Node`);
    await buildBaseImage(docker, localBase);
  }
  const examples = await buildExamples();
  for (const { image, dir } of examples) {
    await keep(image);
    say(`building ${image}`);
    await docker(['build', '--quiet', '--build-arg', `BASE=${base ?? localBase}`, '--tag', image, dir]);
  }
  const way = undo.move();
  return { examples, [Symbol.asyncDispose]: () => way.disposeAsync() };
}
