/** build — `docker build`, where the box will look for the image. */
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { run } from '../../base/run.ts';

/** The engine of the box: `host` as in DOCKER_HOST, null for the machine's. */
export const Engine = z.looseObject({ host: z.string().nullable(), arch: z.string() });
export type Engine = z.infer<typeof Engine>;

export type Build = {
  engine: Engine;
  dir: string;
  dockerfile: string;
  /** What the image is called. */
  image: string;
  /** `NAME=value` each. */
  buildArgs: readonly string[];
  signal: AbortSignal;
  onLine: (line: string) => void;
};

const anHour = 3_600_000;

/** @throws Failure `docker.unavailable` */
export async function checkEngine({ host }: Engine): Promise<void> {
  try {
    await run('docker', [...at(host), 'version', '--format', '{{.Server.Version}}'], { timeoutMs: 20_000 });
  } catch (cause) {
    const sentence = 'Docker is needed to build, and is not here or does not answer; see: docker version';
    throw new Failure('docker.unavailable', sentence, {}, { cause });
  }
}

/** @returns the image's id. @throws Failure `docker.failed` with the last lines of the build */
export async function build({ engine, dir, dockerfile, image, buildArgs, signal, onLine }: Build): Promise<string> {
  const args = buildArgs.flatMap((arg) => ['--build-arg', arg]);
  const argv = [...at(engine.host), 'build', '--tag', image, '--file', `${dir}/${dockerfile}`, ...args, dir];
  await run('docker', argv, { code: 'docker.failed', timeoutMs: anHour, signal, onLine });
  return run('docker', [...at(engine.host), 'image', 'inspect', '--format', '{{.Id}}', image], {
    code: 'docker.failed',
  });
}

const at = (host: string | null): string[] => (host === null ? [] : ['-H', host]);
