import { z } from 'zod';

/** Names that belong to the platform: hosts, routes and store keys that a component must not take. */
const reserved = new Set(
  'arbiter container-manager core-ui app-store export-service databox-network databox-system-net localhost all api data owner unknown'.split(
    ' ',
  ),
);

/** A component's name: its container, host name, network, certificate and URL prefix. `name-core-store` fits 63 letters. */
export const ComponentName = z
  .string()
  .regex(/^[a-z0-9]([a-z0-9-]{0,50}[a-z0-9])?$/, 'must be 1 to 52 of a-z, 0-9 and -, not beginning or ending with -')
  .refine((name) => !/-(core-store|network)$/.test(name), 'must not end in -core-store or -network')
  .refine((name) => !reserved.has(name), 'is a name of the platform')
  .brand<'ComponentName'>();
export type ComponentName = z.infer<typeof ComponentName>;

export const storeName = (component: string): string => `${component}-core-store`;
export const componentOfStore = (store: string): string => store.replace(/-core-store$/, '');
export const networkName = (component: string): string => `${component}-network`;

/** Stands in the place of a repository's address for the examples that come with Databox. */
export const examplesOrigin = 'examples';

/** Methods of the store and arbiter protocols; HTTP's other verbs are not routes. */
export const methods = ['GET', 'POST', 'DELETE'] as const;
export type Method = (typeof methods)[number];

export type ComponentType = 'app' | 'driver';

/** One entry of a hypercat item's metadata; `val` keeps its JSON type. */
export type Rel = { rel: string; val: unknown };
/** A datasource as catalogues list it: `{ "item-metadata": [{ rel, val }], href: "tcp://<store>:5555/ts/<id>" }`. */
export type HypercatItem = { 'item-metadata': Rel[]; href: string };

/** The value of a rel in an item's metadata, `undefined` when absent. */
export const relOf = (item: HypercatItem, rel: string): unknown =>
  item['item-metadata'].find((entry) => entry.rel === rel)?.val;
