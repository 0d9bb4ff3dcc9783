/** plan — what should run, what does, and the steps from one to the other. Pure. */

/** The container that would be created for a component now. */
export type Wanted = { name: string; fingerprint: string };
/** A container of ours as the engine reports it. */
export type Found = { id: string; name: string; component: string; fingerprint: string; isRunning: boolean };
export type Step =
  { do: 'remove'; id: string } | { do: 'adopt'; id: string } | { do: 'start'; id: string } | { do: 'create' };

/**
 * Steps that leave exactly one running container of a component. One is kept only if it was created exactly as it
 * would be created now; the others go first, since they hold its name and address.
 * @param found containers of any component; others' are not touched
 */
export function plan(wanted: Wanted, found: readonly Found[]): Step[] {
  const own = found.filter(({ component }) => component === wanted.name);
  const equal = own.filter(({ name, fingerprint }) => name === wanted.name && fingerprint === wanted.fingerprint);
  const kept = equal.find(({ isRunning }) => isRunning) ?? equal[0];
  const removals = own.filter((one) => one !== kept).map(({ id }) => ({ do: 'remove' as const, id }));
  if (!kept) return [...removals, { do: 'create' }];
  return [...removals, { do: kept.isRunning ? 'adopt' : 'start', id: kept.id }];
}

/** Containers that no agreement names. */
export const leftovers = (agreed: readonly string[], found: readonly Found[]): Found[] =>
  found.filter(({ component }) => !agreed.includes(component));
