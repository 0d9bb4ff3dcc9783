import { parseManifest, type Manifest } from '../../../src/appstore/index.ts';
import type { HypercatItem } from '../../../src/base/names.ts';
import { agreement, type Sla, type Terms } from '../../../src/manager/sla.ts';

/** An item as a driver's store lists it. */
export const item = (store: string, path: string, rels: Record<string, unknown> = {}): HypercatItem => ({
  'item-metadata': [
    { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/json' },
    ...Object.entries({ hasType: path.split('/').at(-1), ...rels }).map(([rel, val]) => ({
      rel: rel === 'description' ? 'urn:X-hypercat:rels:hasDescription:en' : `urn:X-databox:rels:${rel}`,
      val,
    })),
  ],
  href: `tcp://${store}:5555${path}`,
});

export const manifestOf = (more: Record<string, unknown> = {}): Manifest =>
  parseManifest({ name: 'app-x', 'databox-type': 'app', version: '1.0.0', ...more }).manifest;
export const driverOf = (more: Record<string, unknown> = {}): Manifest =>
  manifestOf({ name: 'driver-x', 'databox-type': 'driver', ...more });
export const datasource = (clientid: string, more: Record<string, unknown> = {}) => ({
  ...{ clientid, type: clientid, name: clientid, required: true },
  ...more,
});

export const agree = (manifest: Manifest, terms: Partial<Terms> = {}): Sla =>
  agreement({
    manifest,
    origin: 'owner',
    commit: null,
    choices: {},
    catalogue: [],
    image: { reference: 'databoxsystems/app-x-amd64:0.5.2', id: null },
    now: 1_767_225_600_000,
    ...terms,
  });
