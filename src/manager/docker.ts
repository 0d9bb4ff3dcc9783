/** docker — the engine through its command line: argument arrays, JSON answers validated, no shell. */
import { setTimeout as sleep } from 'node:timers/promises';
import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { createEngine, type DockerCommand as Command } from '../base/engine.ts';
import { createArgs, fileOfTar, labels, type ContainerSpec } from './container.ts';

const Image = z.object({
  Id: z.string().regex(/^sha256:[a-f0-9]{64}$/),
  Architecture: z.string(),
  Config: z.object({ User: z.string().default(''), Volumes: z.record(z.string(), z.unknown()).nullish() }).nullish(),
});
const Container = z.object({
  Id: z.string(),
  Name: z.string(),
  Image: z.string(),
  State: z.object({ Running: z.boolean(), ExitCode: z.number(), StartedAt: z.string(), OOMKilled: z.boolean() }),
  Config: z.object({ Labels: z.record(z.string(), z.string()).nullish() }),
});
const Died = z.object({
  Actor: z.object({ ID: z.string(), Attributes: z.looseObject({ exitCode: z.string().optional() }) }),
});

export type ImageFacts = {
  id: string;
  arch: string;
  user: string;
  /** Paths for which the engine would make room on the host's disk. */
  volumes: string[];
};
export type ContainerFacts = {
  id: string;
  name: string;
  image: string;
  labels: Record<string, string>;
  isRunning: boolean;
  exitCode: number;
  /** Ms since the Unix epoch. */
  startedAt: number;
  outOfMemory: boolean;
};

export type Docker = {
  /** Whether the engine answers. */
  isAlive(): Promise<boolean>;
  /** `undefined` when the image is not on this machine. */
  image(reference: string): Promise<ImageFacts | undefined>;
  /** @throws Failure `docker.failed` when the registry does not have it or cannot be reached */
  pull(reference: string, options: { signal: AbortSignal; onLine: (line: string) => void }): Promise<void>;
  /** @returns the container's id */
  create(spec: ContainerSpec, fingerprint: string): Promise<string>;
  start(id: string): Promise<void>;
  /** SIGTERM, five seconds later SIGKILL; then the container and its anonymous volumes are gone. */
  remove(id: string): Promise<void>;
  /** The text of a file in a container, also before it was started; `''` when it has none. */
  read(id: string, path: string): Promise<string>;
  /** Every container of this state directory, running or not; those of one component only, with its name. */
  containers(component?: string): Promise<ContainerFacts[]>;
  /** Calls `onDied` for each container of ours that ends, and `onConnected` whenever the stream (re)opens. */
  follow(options: { signal: AbortSignal; onDied: (id: string) => void; onConnected: () => void }): Promise<void>;
  logs(id: string, options: { follow: boolean; signal: AbortSignal; onLine: (line: string) => void }): Promise<void>;
};

/**
 * @param host as in DOCKER_HOST; absent: the machine's engine
 * @param box  the state directory's id; null: whichever, for who cannot read it any more
 */
export function createDocker({ host, box }: { host?: string | undefined; box: string | null }): Docker {
  const { docker, isAlive } = createEngine(host);
  const mine = ['--filter', box === null ? `label=${labels.box}` : `label=${labels.box}=${box}`];
  return {
    isAlive,
    image: (reference) => imageOf(docker, reference),
    async pull(reference, options) {
      await docker(['pull', '--quiet=false', reference], { timeoutMs: 30 * 60_000, ...options });
    },
    create: (spec, fingerprint) => docker(createArgs(spec, fingerprint)),
    async start(id) {
      await docker(['start', id]);
    },
    remove: (id) => removeContainer(docker, id),
    read: (id, path) => docker(['cp', `${id}:${path}`, '-']).then(fileOfTar, () => ''),
    containers: (component) =>
      containersOf(
        docker,
        component === undefined ? mine : [...mine, '--filter', `label=${labels.component}=${component}`],
      ),
    follow: (options) => follow(docker, mine, options),
    async logs(id, { follow: endless, signal, onLine }) {
      const argv = ['logs', ...(endless ? ['--follow'] : []), '--tail', '1000', id];
      await docker(argv, { signal, onLine, timeoutMs: endless ? 0 : 60_000 }).catch((err: unknown) => {
        if (!signal.aborted) throw err;
      });
    },
  };
}

async function imageOf(docker: Command, reference: string): Promise<ImageFacts | undefined> {
  const text = await docker(['image', 'inspect', reference]).catch((err: unknown) => {
    if (isRefusal(err)) return '[]';
    throw err;
  });
  const [image] = parsed(z.array(Image), text);
  if (!image) return undefined;
  const { User: user = '', Volumes } = image.Config ?? {};
  return { id: image.Id, arch: image.Architecture, user, volumes: Object.keys(Volumes ?? {}) };
}

async function containersOf(docker: Command, filters: readonly string[]): Promise<ContainerFacts[]> {
  const ids = (await docker(['ps', '--all', '--quiet', '--no-trunc', ...filters])).split('\n').filter(Boolean);
  if (ids.length === 0) return [];
  const inspect = (...some: string[]): Promise<string> =>
    docker(['container', 'inspect', ...some]).catch((err: unknown) => {
      if (isRefusal(err)) return '[]';
      throw err;
    });
  const facts = (text: string) => parsed(z.array(Container), text).map(factsOf);
  const all = facts(await inspect(...ids));
  // It refuses them all when one went in between.
  return all.length > 0 ? all : (await Promise.all(ids.map((id) => inspect(id)))).flatMap(facts);
}

/** The engine is there and said no. */
const isRefusal = (err: unknown): boolean => err instanceof Failure && err.code === 'docker.failed';

const factsOf = ({ Id, Name, Image: image, State, Config }: z.infer<typeof Container>): ContainerFacts => ({
  id: Id,
  name: Name.replace(/^\//, ''),
  image,
  labels: Config.Labels ?? {},
  isRunning: State.Running,
  exitCode: State.ExitCode,
  startedAt: Date.parse(State.StartedAt),
  outOfMemory: State.OOMKilled,
});

async function removeContainer(docker: Command, id: string): Promise<void> {
  const exists = async () => (await docker(['ps', '--all', '--quiet', '--no-trunc', '--filter', `id=${id}`])) !== '';
  if (!(await exists())) return;
  try {
    await docker(['stop', '--time', '5', id]);
    await docker(['rm', '--force', '--volumes', id]);
  } catch (err) {
    if (await exists()) throw err;
  }
}

type Follow = { signal: AbortSignal; onDied: (id: string) => void; onConnected: () => void };

/** The stream ends with the engine; it is opened again until the signal. What was missed, `onConnected` must look up. */
async function follow(docker: Command, mine: readonly string[], { signal, onDied, onConnected }: Follow) {
  const argv = ['events', ...mine, '--filter', 'type=container', '--filter', 'event=die', '--format', '{{json .}}'];
  const onLine = (line: string) => {
    const event = line.startsWith('{') ? Died.safeParse(JSON.parse(line)) : undefined;
    if (event?.success) onDied(event.data.Actor.ID);
  };
  while (!signal.aborted) {
    const stream = docker(argv, { signal, onLine, timeoutMs: 0 }).catch(() => '');
    // The engine says nothing when it has subscribed us; what dies in this moment is found by the look after it.
    await Promise.race([stream, sleep(500, undefined, { signal }).catch(() => {})]);
    onConnected();
    await stream;
    await sleep(1_000, undefined, { signal }).catch(() => {});
  }
}

function parsed<T>(schema: z.ZodType<T>, text: string): T {
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new Failure('docker.failed', 'docker answered something that was not understood', {}, { cause });
  }
}
