/** kept — data that an uninstalled component left: only one of the same name and origin gets it. Pure. */
import { Failure } from '../base/errors.ts';
import { examplesOrigin } from '../base/names.ts';
import { hasStore } from './grants.ts';
import type { Sla } from './sla.ts';

/** Tells the origin that the kept data of a name came from: '' when it was not noted, `undefined` when none is kept. */
export type Kept = { keptFrom(name: string): string | undefined };
/** What says who would get the data; a review has it before there is an agreement. */
export type Heir = Pick<Sla, 'manifest' | 'origin'>;

/** Whether this component would find data of an earlier install in its store. */
export const inherits = ({ manifest, origin }: Heir, kept: Kept): boolean =>
  hasStore({ manifest }) && kept.keptFrom(manifest.name) === origin;

/** Why this component must not be given the store of its name, `undefined` when nothing is in the way. */
export function faultOfHeir({ manifest, origin }: Heir, kept: Kept): string | undefined {
  const { name } = manifest;
  const from = kept.keptFrom(name);
  if (!hasStore({ manifest }) || from === undefined || from === origin) return undefined;
  return (
    `${name} from ${whence(from)} left data here, which ${name} from ${whence(origin)} must not get: ` +
    `delete it with databox uninstall ${name} --delete-data, or install the one that left it`
  );
}

/** @throws Failure `store.kept` */
export function refuseForeign(heir: Heir, kept: Kept): void {
  const { name } = heir.manifest;
  const fault = faultOfHeir(heir, kept);
  if (fault !== undefined) throw new Failure('store.kept', fault, { name, origin: kept.keptFrom(name) });
}

const whences: Record<string, string> = { owner: 'a manifest of yours', [examplesOrigin]: 'the examples of Databox' };
/** An origin inside a sentence. */
export const whence = (origin: string): string => whences[origin] ?? (origin || 'an origin that was not noted');
