import { readFileSync } from 'node:fs';

/** A JSON object of the tests' fixtures; each call makes a fresh one. */
const read = (file: string) => JSON.parse(readFileSync(file, 'utf8')) as Record<string, unknown>;
const folder = 'test/fixtures/manifests';

export const fixture = (file: string): Record<string, unknown> => read(`${folder}/${file}-manifest.json`);

/** The smallest valid app, with these members on top. */
export const app = (members: Record<string, unknown> = {}): Record<string, unknown> => ({
  'manifest-version': 1,
  name: 'app-small',
  'databox-type': 'app',
  version: '1.0.0',
  description: 'Small.',
  author: 'A. Author',
  license: 'MIT',
  ...members,
});
export const driver = (members: Record<string, unknown> = {}) =>
  app({ name: 'driver-small', 'databox-type': 'driver', ...members });

export const datasource = (members: Record<string, unknown> = {}): Record<string, unknown> => ({
  type: 'light',
  clientid: 'LIGHT',
  name: 'light',
  required: true,
  ...members,
});

/** reference/platform.md §7.5. */
export const comfortBoard = app({
  name: 'app-comfort-board',
  displayName: 'Comfort board',
  version: '1.2.0',
  tags: ['home', 'climate'],
  homepage: 'https://example.org/comfort-board',
  repository: { type: 'git', url: 'git+https://github.com/example/app-comfort-board.git' },
  'docker-registry': 'exampledev',
  'docker-image-tag': '1.2.0',
  packages: [
    {
      name: 'Room overview',
      purpose: 'Show temperature per room',
      install: 'required',
      risks: 'May reveal when rooms are occupied.',
      benefits: 'See comfort at a glance.',
      datastores: ['ROOM_TEMP'],
    },
  ],
  datasources: [
    datasource({ type: 'room-temperature', clientid: 'ROOM_TEMP', granularities: [], min: 1, max: 4 }),
    datasource({ type: 'set-fan', required: false, name: 'fan switch', clientid: 'FAN', granularities: [] }),
    datasource({ type: 'example:func:Forecast', required: false, name: 'Forecast', clientid: 'FORECAST' }),
  ],
  'export-whitelist': [
    { url: 'https://reports.example.org/comfort', description: 'Weekly comfort summary for your account' },
  ],
  'resource-requirements': { store: 'core-store' },
});

/** reference/platform.md §7.6. */
export const roomClimate = driver({
  name: 'driver-room-climate',
  version: '1.0.3',
  'docker-image': 'exampledev/driver-room-climate-arm64v8:1.0.3',
  'external-whitelist': [{ urls: ['https://api.weather.example/'], description: 'Fetches the local forecast' }],
  'resource-requirements': { store: 'core-store' },
  provides: [
    { 'data-source-type': 'room-temperature', description: 'Room temperature', 'store-type': 'ts', schema: {} },
    { 'data-source-type': 'set-fan', description: 'Fan on or off', 'store-type': 'kv', schema: {} },
    { 'data-source-type': 'example:func:Forecast', description: 'Lookup', 'store-type': 'notification/request' },
  ],
});
