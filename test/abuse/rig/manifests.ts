import { probeImage } from './images.ts';

export type AnyManifest = { name: string; [member: string]: unknown };

const common = (name: string) => ({
  'manifest-version': 1,
  name,
  version: '1.0.0',
  description: 'Does what a test tells it.',
  author: 'Tester <tester@example.test>',
  license: 'MIT',
  'docker-image': probeImage,
});

/** A driver with a store; `external` are whitelisted URLs. */
export const driverManifest = (name: string, external: readonly string[] = []): AnyManifest => ({
  ...common(name),
  'databox-type': 'driver',
  provides: [{ 'data-source-type': 'temperature', description: 'Temperature', 'store-type': 'ts', schema: {} }],
  'external-whitelist': external.length === 0 ? [] : [{ urls: external, description: 'Fetches what it shows.' }],
  'resource-requirements': { store: 'core-store' },
});

export type AppWishes = {
  /** By clientid, the datasource's type. */
  datasources?: Record<string, string>;
  exports?: readonly string[];
};

/** An app with a store of its own. */
export const appManifest = (name: string, { datasources = {}, exports = [] }: AppWishes = {}): AnyManifest => ({
  ...common(name),
  'databox-type': 'app',
  datasources: Object.entries(datasources).map(([clientid, type]) => ({
    ...{ type, clientid, name: clientid.toLowerCase(), required: true, granularities: [] },
  })),
  'export-whitelist': exports.map((url) => ({ url, description: 'Sends a summary.' })),
  'resource-requirements': { store: 'core-store' },
});

/** The hypercat item with which a driver registers a numeric datasource. */
export const itemOf = (store: string, id: string, type = id) => ({
  'item-metadata': [
    { rel: 'urn:X-hypercat:rels:hasDescription:en', val: `The ${id}` },
    { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/json' },
    { rel: 'urn:X-databox:rels:hasVendor', val: 'Test' },
    { rel: 'urn:X-databox:rels:hasType', val: type },
    { rel: 'urn:X-databox:rels:hasDatasourceid', val: id },
    { rel: 'urn:X-databox:rels:hasStoreType', val: 'ts' },
  ],
  href: `tcp://${store}:5555/ts/${id}`,
});
