/** Reading hypercat items and their hrefs. Pure; an href that is not of the grammar is nothing. */
import { relOf, storeName, ComponentName, componentOfStore, type HypercatItem } from '../base/names.ts';

export type Datasource = { store: string; component: string; path: string };

// No `*`: it would end a grant as a wildcard. No `%`: a route has one spelling.
const grammar = /^tcp:\/\/([a-z0-9-]{1,63}):5555(\/[A-Za-z0-9_.~:@!$&'()+,;=/-]*)$/;

/**
 * The store and path an href names.
 * @param href `tcp://driver-x-core-store:5555/ts/blob/loadavg1`
 * @returns `undefined` for anything that is no datasource of a component's store
 */
export function datasourceOf(href: string): Datasource | undefined {
  const [, store = '', path = ''] = grammar.exec(href) ?? [];
  const component = componentOfStore(store);
  if (store !== storeName(component) || !ComponentName.safeParse(component).success) return undefined;
  const isCanonical = !/\/\/|\/\.{1,2}(\/|$)|.\/$/.test(path);
  return isCanonical ? { store, component, path } : undefined;
}

/** Series and key-value paths with exactly one id: `/ts/blob` alone would be every blob series, a comma joins two. */
export const isDataPath = (path: string): boolean => /^\/(ts\/blob|ts|kv)\/[^/,]+$/.test(path) && path !== '/ts/blob';

export const typeOf = (item: HypercatItem): string | undefined => textOf(item, 'urn:X-databox:rels:hasType');
export const descriptionOf = (item: HypercatItem): string | undefined =>
  textOf(item, 'urn:X-hypercat:rels:hasDescription:en');

export type Use = 'read' | 'control' | 'call';
/** What an app does with a datasource: an actuator is controlled, a function called, all others are read. */
export function useOf(item: HypercatItem): Use {
  if (isSet(item, 'urn:X-databox:rels:isFunc')) return 'call';
  return isSet(item, 'urn:X-databox:rels:isActuator') ? 'control' : 'read';
}

function textOf(item: HypercatItem, rel: string): string | undefined {
  const value = relOf(item, rel);
  return typeof value === 'string' ? value : undefined;
}

/** Clients write flags as `true` or as text in any case. */
const isSet = (item: HypercatItem, rel: string): boolean => String(relOf(item, rel)).toLowerCase() === 'true';
