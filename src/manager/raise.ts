/** raise — the way up and the way down of one component. Each way may be gone again after a crash half-way. */
import { randomBytes } from 'node:crypto';
import type { Arbiter } from '../arbiter/index.ts';
import { storeName } from '../base/names.ts';
import type { Outbox } from '../export/index.ts';
import type { Network, Place } from '../network/index.ts';
import type { Stores } from '../store/index.ts';
import {
  ensureContainer,
  keyFor,
  removeContainers,
  type ContainerParts,
  type LeftContainer,
  type Started,
} from './containers.ts';
import type { ImageFacts } from './docker.ts';
import type { Progress } from './face.ts';
import { hasStore } from './grants.ts';
import type { Rights } from './rights.ts';
import type { Services } from './services.ts';
import type { Sla } from './sla.ts';
import { takeAll } from './steps.ts';

export type RaiseParts = ContainerParts & {
  arbiter: Arbiter;
  network: Network;
  stores: Stores;
  outbox: Outbox;
  services: Services;
  rights: Rights;
};

export type Raised = Started & { place: Place };

/**
 * Brings a component to where its agreement says, whatever part of it exists. The gate is shut, its own store serves
 * and its rights are in force before the container exists.
 */
export async function raise(parts: RaiseParts, o: Raise): Promise<Raised> {
  const { sla, image, progress, left } = o;
  const { name, type } = sla;
  const { arbiter, network, records, rights } = parts;
  progress({ step: 'network', message: `A network of its own for ${name}` });
  const place = await network.addComponent(name);
  if (hasStore(sla)) {
    progress({ step: 'store', message: `Store ${storeName(name)}` });
    await openStore(parts, name);
  }
  progress({ step: 'permissions', message: 'What was agreed, at the arbiter and in the network' });
  if (isRegistered(arbiter, name)) arbiter.locate(name, place.address);
  else arbiter.register({ name, type, key: keyFor(records, name), address: place.address });
  await rights.apply(sla);
  progress({ step: 'container', message: `Container from ${sla.image.reference}` });
  return { ...(await ensureContainer(parts, sla, { place, image, left })), place };
}
type Raise = { sla: Sla; image: ImageFacts; progress: Progress; left?: readonly LeftContainer[] | undefined };

/**
 * Takes everything of a component away, whatever part of it exists; what it may do ends first. A part that resists keeps
 * no other from going.
 * @param dependents called when its store is gone, to withdraw what others agreed about it
 * @throws the first failure, after everything was tried
 */
export async function erase(parts: RaiseParts, o: { name: string; data: 'keep' | 'delete'; dependents: Withdraw }) {
  const { name, data, dependents } = o;
  const { address } = parts.arbiter.components().find((component) => component.name === name) ?? {};
  await takeAll([
    () => parts.rights.end(name),
    () => parts.outbox.forget(name),
    () => closeStore(parts, name, data),
    () => dependents(storeName(name)),
    () => removeContainers(parts, name),
    () => address !== undefined && parts.services.forget(address),
    () => parts.network.removeComponent(name),
  ]);
}
export type Withdraw = (store: string) => Promise<void>;

export const isRegistered = (arbiter: Arbiter, name: string): boolean =>
  arbiter.components().some((component) => component.name === name);

/** Nobody holds a service's key: it never calls the arbiter over the network. */
export const registerService = (arbiter: Arbiter, name: string, type: 'store' | 'system'): void => {
  if (!isRegistered(arbiter, name)) arbiter.register({ name, type, key: randomBytes(32).toString('base64') });
};

/** Again: nothing happens. */
export async function openStore({ arbiter, stores, services }: RaiseParts, component: string): Promise<void> {
  const name = storeName(component);
  await stores.open(name);
  registerService(arbiter, name, 'store');
  await services.serve(name, stores.handler(name));
}

async function closeStore({ arbiter, stores, services }: RaiseParts, component: string, data: 'keep' | 'delete') {
  const name = storeName(component);
  arbiter.remove(name);
  await services.end(name);
  if (data === 'delete') await stores.remove(name);
  else await stores.close(name);
}
