import { globSync } from 'node:fs';
import { Failure } from '../../../src/base/errors.ts';
import { manifestLimitBytes, parseManifest } from '../../../src/appstore/index.ts';
import { app, comfortBoard, datasource, driver, fixture, roomClimate } from './examples.ts';

const faultsOf = (value: unknown): string[] => {
  try {
    parseManifest(value);
    return [];
  } catch (err) {
    if (!(err instanceof Failure) || err.code !== 'manifest.invalid') throw err;
    return err.details['faults'] as string[];
  }
};
const warningsOf = (value: unknown) => parseManifest(value).warnings;

const warned: Record<string, string[]> = {
  'app-twitter-sentiment': ['risk: is read as risks', 'providedDataTypes: is of an older release and grants nothing'],
  'databox-monitor': [
    'licence: is read as license',
    'datasources: personalLoggerActuator has the unknown field granularites',
  ],
  'driver-driver-instagram': ['external-whitelist: https://www.instagram.com has no description'],
  'driver-driver-spotify': [
    'version: 5.2 is not a semantic version',
    'external-whitelist: https://accounts.spotify.com/api/token has no description',
  ],
};
const real = globSync('test/fixtures/manifests/*-manifest.json').map((path) =>
  path.replace(/^.*\//, '').replace('-manifest.json', ''),
);

describe('real manifests', () => {
  test('there are fourteen', () => expect(real).toHaveLength(14));
  test.each(real)('%s loads, with the warnings it deserves', (file) =>
    expect(warningsOf(fixture(file))).toEqual(warned[file] ?? []),
  );
});

test('granularities that mean nothing are told', () => {
  const granularities = [{ 'minimum-sample-interval': 5 }, { 'minimum-sample-interval': 0 }, 'hourly'];
  const { warnings } = parseManifest(
    app({ datasources: [{ type: 'light', clientid: 'A', name: 'a', granularities }] }),
  );
  expect(warnings.filter((text) => text.includes('granularity'))).toEqual([
    expect.stringContaining('A has the granularity {"minimum-sample-interval":0}, which is ignored'),
    expect.stringContaining('A has the granularity "hourly"'),
  ]);
});

describe('the examples of the reference', () => {
  test.each([
    ['app', comfortBoard],
    ['driver', roomClimate],
  ])('the %s passes without a warning', (_, example) => expect(warningsOf(example)).toEqual([]));
});

test('null is absent, and a missing list is empty', () => {
  const nulls = { datasources: null, packages: null, 'export-whitelist': null, 'external-whitelist': null, tags: null };
  const { manifest, warnings } = parseManifest(
    driver({ ...nulls, 'docker-image': '', displayName: null, repository: null, 'resource-requirements': null }),
  );
  expect(warnings).toEqual([]);
  expect(manifest).toMatchObject({ datasources: [], packages: [], 'export-whitelist': [], tags: [] });
  expect(manifest).not.toHaveProperty('docker-image');
  expect(manifest['resource-requirements']).toEqual({});
});

test('other spellings become the documented one', () => {
  const { licence, ...rest } = { licence: 'MIT', ...app({ license: undefined, 'store-url': 'https://s.example/' }) };
  const { manifest, warnings } = parseManifest({
    ...rest,
    licence,
    repository: { Type: 'git', url: 'https://a.example/r' },
    packages: [{ name: 'p', risk: 'some' }],
  });
  expect(manifest).toMatchObject({ license: 'MIT', storeUrl: 'https://s.example/', packages: [{ risks: 'some' }] });
  expect(manifest.repository).toEqual({ type: 'git', url: 'https://a.example/r' });
  expect(warnings).toEqual(['licence: is read as license', 'store-url: is read as storeUrl', 'risk: is read as risks']);
  const blob = driver({ provides: [{ 'data-source-type': 'a', 'store-type': 'TSBLOB' }] });
  expect(parseManifest(blob).manifest.provides[0]?.['store-type']).toBe('ts/blob');
});

test('unknown members are kept at every level', () => {
  const { manifest } = parseManifest(app({ extra: { a: 1 }, datasources: [datasource({ colour: 'red' })] }));
  expect(manifest).toMatchObject({ extra: { a: 1 }, datasources: [{ colour: 'red' }] });
});

test('a datasource asks for exactly one item unless it says otherwise; max 0 is 1', () => {
  const bare = { type: 'light', clientid: 'A', name: 'a' };
  const { manifest } = parseManifest(app({ datasources: [bare, { ...bare, clientid: 'B', max: 0 }] }));
  expect(manifest.datasources).toMatchObject([
    { required: true, min: 1, max: 1, granularities: [] },
    { min: 1, max: 1 },
  ]);
});

const sources = (...list: Record<string, unknown>[]) => app({ datasources: list });
const exportsTo = (url: string) => app({ 'export-whitelist': [{ url, description: 'd' }] });
const reaches = (url: string) => driver({ 'external-whitelist': [{ urls: [url], description: 'd' }] });

test.each([
  ['another type', app({ 'databox-type': 'store' }), 'databox-type'],
  ['no type', app({ 'databox-type': undefined }), 'databox-type'],
  ['another manifest-version', app({ 'manifest-version': 2 }), 'manifest-version'],
  ['an empty version', app({ version: '' }), 'version'],
  ['a version that is a number', app({ version: 5.2 }), 'version'],
  ['a clientid used twice', sources(datasource(), datasource({ type: 'other' })), 'datasources'],
  ['an empty datasource type', sources(datasource({ type: '' })), 'datasources.0.type'],
  ['a control character in a type', sources(datasource({ type: 'a\u0007b' })), 'datasources.0.type'],
  ['a type of 129 characters', sources(datasource({ type: 'x'.repeat(129) })), 'datasources.0.type'],
  ['max below min', sources(datasource({ min: 3, max: 2 })), 'datasources'],
  ['a negative min', sources(datasource({ min: -1 })), 'datasources.0.min'],
  ['max -2', sources(datasource({ max: -2 })), 'datasources.0.max'],
  ['datasources of a driver', driver({ datasources: [datasource()] }), 'datasources'],
  ['exports of a driver', driver({ 'export-whitelist': [{ url: 'https://a.example/' }] }), 'export-whitelist'],
  ['outside hosts of an app', app({ 'external-whitelist': [{ urls: ['https://a.example'] }] }), 'external-whitelist'],
  ['provides of an app', app({ provides: [{ 'data-source-type': 'x' }] }), 'provides'],
  ['another store', app({ 'resource-requirements': { store: 'my-store' } }), 'resource-requirements.store'],
  ['an image with a leading dash', app({ 'docker-image': '--privileged' }), 'docker-image'],
  ['an image with spaces', app({ 'docker-image': 'a b/c:d' }), 'docker-image'],
  ['a tag with a leading dash', app({ 'docker-image-tag': '-x' }), 'docker-image-tag'],
  ['a registry with a leading dash', app({ 'docker-registry': '-v/x' }), 'docker-registry'],
  ['a newline in a description', app({ description: 'a\nlevel=error' }), 'description'],
  ['a reversed display name', app({ displayName: 'ab\u202ecd' }), 'displayName'],
  ['plain http exports', exportsTo('http://a.example/'), 'export-whitelist.0.url'],
  ['user info in an export', exportsTo('https://u:p@a.example/'), 'export-whitelist.0.url'],
  ['a fragment in an export', exportsTo('https://a.example/#x'), 'export-whitelist.0.url'],
  ['an IP address to export to', exportsTo('https://10.0.0.1/'), 'export-whitelist.0.url'],
  ['a decimal IP address to export to', exportsTo('https://2130706433/'), 'export-whitelist.0.url'],
  ['an IPv6 address to export to', exportsTo('https://[::1]/'), 'export-whitelist.0.url'],
  ['a component to export to', exportsTo('https://arbiter/'), 'export-whitelist.0.url'],
  ['a relative export', exportsTo('/x'), 'export-whitelist.0.url'],
  ['a backslash in an export', exportsTo('https://a.example\\@b.example/'), 'export-whitelist.0.url'],
  ['a host without scheme', reaches('api.example.org'), 'external-whitelist.0.urls.0'],
  ['a file to reach', reaches('file:///etc/passwd'), 'external-whitelist.0.urls.0'],
  ['an IP address to reach', reaches('http://192.168.1.1/'), 'external-whitelist.0.urls.0'],
  ['a wildcard to reach', reaches('https://*.example.org/'), 'external-whitelist.0.urls.0'],
  ['localhost to reach', reaches('http://a.localhost/'), 'external-whitelist.0.urls.0'],
])('%s is refused', (_, manifest, field) => expect(faultsOf(manifest)).toEqual([expect.stringMatching(`^${field}:`)]));

test.each([
  ['http', 'http://a.example/'],
  ['websockets', 'wss://stream.a.example/x'],
  ['a port', 'https://a.example:8443'],
])('a driver may reach %s', (_, url) => expect(faultsOf(reaches(url))).toEqual([]));

test('types that are provided twice are refused', () => {
  const provides = [{ 'data-source-type': 'a' }, { 'data-source-type': 'a' }];
  expect(faultsOf(driver({ provides }))).toEqual(['provides: the type a is listed twice']);
});

test('every fault is listed, not only the first', () =>
  expect(faultsOf(app({ name: 'No', version: '', 'databox-type': 'x' }))).toHaveLength(3));

test.each([
  ['no manifest-version', app({ 'manifest-version': undefined }), 'manifest-version: is missing; 1 is assumed'],
  ['no licence at all', app({ license: undefined }), 'license: is missing'],
  ['an unknown field', app({ colour: 1 }), 'colour: is unknown and ignored'],
  ['a script as homepage', app({ homepage: 'javascript:alert(1)' }), 'homepage: is no http address and is left out'],
  [
    'an undescribed export',
    app({ 'export-whitelist': [{ url: 'https://a.example/' }] }),
    'export-whitelist: https://a.example/ has no description',
  ],
  [
    'a look-alike host',
    exportsTo('https://а.example/'),
    'export-whitelist: https://а.example/ means https://xn--80a.example/',
  ],
  [
    'an unknown store-type',
    driver({ provides: [{ 'data-source-type': 'a', 'store-type': 'sql' }] }),
    'provides: a has no store-type of kv, ts, ts/blob, notification/request',
  ],
  [
    'a package of nothing',
    app({ packages: [{ name: 'p', datastores: ['X'] }] }),
    'packages: p names X, which is no datasource',
  ],
])('%s is warned of', (_, manifest, warning) => expect(warningsOf(manifest)).toEqual([warning]));

describe('M02 names', () => {
  const system = 'arbiter container-manager core-ui app-store export-service databox-network localhost all api data';
  const odd = [
    '../x',
    '-x',
    '--rm',
    'x-',
    'a\nb',
    'a b',
    'x'.repeat(300),
    'x'.repeat(53),
    'App',
    'аpp',
    'a_b',
    'a.b',
    '',
  ];
  const platform = [...system.split(' '), 'databox-system-net', 'driver-a-core-store', 'app-network'];
  test.each([...odd, ...platform])('%j is refused', (name) => expect(faultsOf(app({ name }))[0]).toMatch(/^name:/));
  test('52 letters are allowed', () => expect(faultsOf(app({ name: 'x'.repeat(52) }))).toEqual([]));
});

describe('M04 environment', () => {
  test.each(['A=B', 'A\nPATH', 'A B', '', 'x'.repeat(65), '../A', 'ключ', '$(id)'])(
    'clientid %j is refused',
    (clientid) =>
      expect(faultsOf(sources(datasource({ clientid })))).toEqual([
        expect.stringMatching(/^datasources\.0\.clientid:/),
      ]),
  );
  test('a clientid cannot take the variable of another’s second item', () => {
    const [several, thief] = [datasource({ clientid: 'A', max: -1 }), datasource({ clientid: 'A_2' })];
    expect(faultsOf(sources(several, thief))).toEqual([
      'datasources: the clientid A_2 is also the name of item 2 of A',
    ]);
    expect(faultsOf(sources({ ...several, max: 1 }, thief))).toEqual([]);
  });
  test('a newline in a label is refused', () =>
    expect(faultsOf(sources(datasource({ name: 'a\nDATABOX_X=1' })))).toEqual([
      expect.stringMatching(/^datasources\.0\.name:/),
    ]));
});

describe('M05 broken manifests', () => {
  const deep = (levels: number): unknown => (levels === 0 ? 1 : [deep(levels - 1)]);
  test.each([
    ['text', 'x'],
    ['a list', []],
    ['null', null],
    ['a number', 7],
    ['undefined', undefined],
    ['21 levels', app({ x: deep(20) })],
    ['100,000 levels', app({ x: JSON.parse('['.repeat(9_000) + ']'.repeat(9_000)) })],
    ['__proto__', JSON.parse('{"name":"app-x","__proto__":{"polluted":1}}')],
    ['a deeper __proto__', app({ x: [JSON.parse('{"__proto__":{"polluted":1}}')] })],
    ['more than 256 KiB', app({ x: 'x'.repeat(manifestLimitBytes) })],
  ])('%s is refused whole', (_, value) => {
    expect(faultsOf(value)).toEqual([expect.stringMatching(/^manifest:/)]);
    expect(({} as Record<string, unknown>)['polluted']).toBeUndefined();
  });
  test.each([
    ['name', 7],
    ['datasources', 'x'],
    ['datasources', [null]],
    ['datasources', [[]]],
    ['tags', {}],
    ['repository', []],
    ['packages', [7]],
    ['external-whitelist', {}],
    ['resource-requirements', 'core-store'],
  ])('%s of a wrong type is a fault of that field', (field, value) =>
    expect(faultsOf(app({ [field]: value }))[0]).toMatch(new RegExp(`^${field}[.:]`)),
  );
  test('20 levels are allowed', () => expect(faultsOf(app({ x: deep(19) }))).toEqual([]));
});
