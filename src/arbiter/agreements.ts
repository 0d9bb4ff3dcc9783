import { z } from 'zod';
import { Failure } from '../base/errors.ts';
import { validate } from '../base/http.ts';
import { isIp, type Ip } from '../base/ipv4.ts';
import { methods } from '../base/names.ts';
import { canonicalPath } from '../base/paths.ts';
import { Caveats, type Caveat } from './caveats.ts';
import type { Grant, Route } from './judge.ts';
import type { Book, ComponentType, Registration, Registry } from './registry.ts';

/** A host name in lower case, because URL parsers lower it. Test mode has a store called `127.0.0.1`. */
export const Name = z
  .string()
  .toLowerCase()
  .regex(/^[a-z0-9]([a-z0-9.-]{0,61}[a-z0-9])?$/, 'must be a host name of at most 63 characters');
const Address = z.string().refine(isIp, 'must be an IPv4 address');
const NewComponent = z.strictObject({
  name: Name,
  type: z.enum(['app', 'driver', 'store', 'system']),
  key: z.string().min(1).max(1_024),
  address: Address.optional(),
});
const NewRoute = z.strictObject({ method: z.enum(methods), path: z.string().transform(canonicalPath), target: Name });

/** The owner's side of the arbiter: who exists and what was agreed. Documented at `Arbiter`. */
export function agreements(registry: Registry) {
  const { book } = registry;
  const known = (name: string): string => knownIn(book(), name);
  return {
    register: (component: Registration): void => registry.register(validate(NewComponent, component)),
    locate: (name: string, address: Ip): void => registry.locate(known(name), validate(Address, address)),
    remove: (name: string): void => registry.remove(name.toLowerCase()),
    grant(name: string, route: Route, caveats: readonly Caveat[]): Grant {
      const component = known(name);
      const [wanted, narrowed] = [validate(NewRoute, route), validate(Caveats, caveats)];
      registry.addGrant(component, wanted, narrowed);
      const [grant] = grantsOn(book(), { component, ...wanted }, narrowed);
      if (!grant) throw new Failure('internal', 'a grant was written but cannot be read');
      return grant;
    },
    revoke(name: string, route: Route, caveats?: readonly Caveat[]): Grant[] {
      const narrowed = caveats && validate(Caveats, caveats);
      const ended = grantsOn(book(), { component: known(name), ...validate(NewRoute, route) }, narrowed);
      registry.removeGrants(ended.map((grant) => grant.id));
      return ended;
    },
    grants: (name?: string): Grant[] =>
      name === undefined ? [...book().grants.values()] : [...(book().grantsOf.get(name.toLowerCase()) ?? [])],
    components: (): { name: string; type: ComponentType; address?: Ip }[] =>
      [...book().components.values()].map(({ name, type, address }) => ({
        name,
        type,
        ...(address !== undefined && { address }),
      })),
  };
}

export type Agreements = ReturnType<typeof agreements>;

function knownIn(book: Book, name: string): string {
  const lower = name.toLowerCase();
  if (!book.components.has(lower)) throw new Failure('component.unknown', `no component ${lower} is registered`);
  return lower;
}

/** The grants on exactly this route, with exactly these caveats where given. */
function grantsOn(book: Book, route: Route & { component: string }, caveats?: readonly Caveat[]): Grant[] {
  const narrowed = caveats && JSON.stringify(caveats);
  return (book.grantsOf.get(route.component) ?? []).filter(
    ({ method, path, target, caveats: own }) =>
      method === route.method &&
      path === route.path &&
      target === route.target &&
      (narrowed === undefined || JSON.stringify(own) === narrowed),
  );
}
