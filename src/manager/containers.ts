/** containers — one running container per component, created from its agreement and nothing else. */
import { createHash, randomBytes } from 'node:crypto';
import type { Config } from '../base/config.ts';
import { Failure } from '../base/errors.ts';
import type { Place } from '../network/index.ts';
import type { Authority } from './authority.ts';
import { isDue } from './certificates.ts';
import { createOptions, isRoot, labels, numericUid, uidIn, type ContainerSpec } from './container.ts';
import type { ContainerFacts, Docker, ImageFacts } from './docker.ts';
import { environmentOf } from './environment.ts';
import { plan, type Found } from './plan.ts';
import type { Secrets } from './secrets.ts';
import type { Services } from './services.ts';
import type { Records } from './sql.ts';
import type { Sla } from './sla.ts';

export type ContainerParts = {
  config: Config;
  docker: Docker;
  secrets: Secrets;
  authority: Authority;
  records: Records;
  services: Pick<Services, 'forget'>;
  /** The state directory's id. */
  box: string;
  zmqPublicKey: string;
};
export type LeftContainer = Found & ContainerFacts;
export type Started = { id: string; /** Ms since the Unix epoch. */ startedAt: number };

/** The arbiter's key of a component: standard base64 of 32 random bytes. */
export const keyFor = (records: Records, name: string): string =>
  records.component(name, () => randomBytes(32).toString('base64')).key;

/**
 * Leaves one container of the component running: an equal one that runs is adopted, one that ended is started again,
 * any other is replaced. Its network must be there, and shut but for what was agreed.
 * @param o.left  what the engine has of it or of others, if that was just asked
 */
export async function ensureContainer(parts: ContainerParts, sla: Sla, o: Ensure): Promise<Started> {
  const { docker, secrets } = parts;
  const spec = specOf(parts, sla, o);
  const current = secrets.validUntil(sla.name, expectedOf(parts, sla.name));
  const isFresh = current !== undefined && !isDue(current, Date.now());
  // A container whose secrets must be replaced has read the old ones.
  const fingerprint = fingerprintOf(spec);
  const found = o.left ?? (await findContainers(docker, sla.name));
  const steps = plan({ name: sla.name, fingerprint: isFresh ? fingerprint : 'none' }, found);
  let started: Started | undefined;
  // A program that begins knows nothing of what the one before it observed.
  if (!steps.some((step) => step.do === 'adopt')) await parts.services.forget(o.place.address);
  for (const step of steps) {
    if (step.do === 'remove') await docker.remove(step.id);
    else if (step.do === 'adopt') started = found.find(({ id }) => id === step.id);
    else if (step.do === 'start') started = await startContainer(docker, step.id);
    else started = await createContainer(parts, { spec, fingerprint, imageUser: o.image.user });
  }
  if (!started) throw new Failure('internal', 'a plan without a container');
  return started;
}

type Ensure = { place: Place; image: ImageFacts; left?: readonly LeftContainer[] | undefined };

/** Every container of this state directory, or of one component, with what its labels say. */
export async function findContainers(docker: Docker, component?: string): Promise<LeftContainer[]> {
  return (await docker.containers(component)).map((container) => ({
    ...container,
    component: container.labels[labels.component] ?? '',
    fingerprint: container.labels[labels.fingerprint] ?? '',
  }));
}

/** Stops and removes every container of a component, and its secrets. */
export async function removeContainers({ docker, secrets }: ContainerParts, name: string): Promise<void> {
  for (const { id } of await findContainers(docker, name)) await docker.remove(id);
  secrets.remove(name);
}

function specOf({ config, records, secrets, box }: ContainerParts, sla: Sla, o: { place: Place; image: ImageFacts }) {
  const { uid } = records.component(sla.name, () => randomBytes(32).toString('base64'));
  const spec: ContainerSpec = {
    name: sla.name,
    type: sla.type,
    image: o.image.id,
    box,
    place: o.place,
    secrets: secrets.directory(sla.name),
    volumes: o.image.volumes,
    ...(isRoot(o.image.user) && { uid }),
    env: environmentOf(sla, { release: config.release, storeUrl: config['appstore.repositories'][0] }),
    limits: {
      memoryMb: config['container.memory-mb'],
      cpus: config['container.cpus'],
      pids: config['container.pids'],
    },
  };
  return spec;
}

const expectedOf = ({ authority, records, zmqPublicKey }: ContainerParts, name: string) => ({
  rootPem: authority.rootPem,
  arbiterToken: keyFor(records, name),
  zmqPublicKey,
});

const fingerprintOf = (spec: ContainerSpec): string =>
  createHash('sha256')
    .update(JSON.stringify([createOptions(spec), spec.image]))
    .digest('hex');

type Creation = { spec: ContainerSpec; fingerprint: string; imageUser: string };

/** The files are written between create and start: only a container knows the uid of a named user. */
async function createContainer(parts: ContainerParts, { spec, fingerprint, imageUser }: Creation): Promise<Started> {
  const { docker, secrets, authority } = parts;
  const id = await docker.create(spec, fingerprint);
  const uid = spec.uid ?? numericUid(imageUser) ?? uidIn(await docker.read(id, '/etc/passwd'), imageUser);
  if (uid === undefined) {
    await docker.remove(id);
    const sentence = `the image’s user ${imageUser} is root under another name, or not one that its /etc/passwd names`;
    throw new Failure('image.invalid', `${sentence}: give it a number`, { imageUser });
  }
  const leaf = await authority.component(spec.name);
  secrets.write(spec.name, { ...expectedOf(parts, spec.name), leaf }, uid);
  return startContainer(docker, id);
}

async function startContainer(docker: Docker, id: string): Promise<Started> {
  await docker.start(id);
  return { id, startedAt: Date.now() };
}
