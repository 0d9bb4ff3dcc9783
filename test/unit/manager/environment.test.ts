import { environmentOf } from '../../../src/manager/environment.ts';
import { agree, datasource, driverOf, item, manifestOf } from './fixtures.ts';

const facts = { release: '0.5.2', storeUrl: 'https://github.com/me-box/databox-manifest-store' };
const load = (n: number) => item(`driver-${n}-core-store`, '/ts/loadavg1');

test('an app without a store', () => {
  expect(environmentOf(agree(manifestOf()), facts)).toEqual({
    DATABOX_ARBITER_ENDPOINT: 'tcp://arbiter:4444',
    DATABOX_LOCAL_NAME: 'app-x',
    DATABOX_VERSION: '0.5.2',
    DATABOX_EXPORT_SERVICE_ENDPOINT: 'https://export-service:8080',
  });
});

test('a driver with a store', () => {
  const driver = driverOf({ 'resource-requirements': { store: 'core-store' } });
  expect(environmentOf(agree(driver), facts)).toEqual({
    DATABOX_ARBITER_ENDPOINT: 'tcp://arbiter:4444',
    DATABOX_LOCAL_NAME: 'driver-x',
    DATABOX_VERSION: '0.5.2',
    DATABOX_ZMQ_ENDPOINT: 'tcp://driver-x-core-store:5555',
    DATABOX_ZMQ_DEALER_ENDPOINT: 'tcp://driver-x-core-store:5556',
    DATABOX_STORE_URL: 'https://github.com/me-box/databox-manifest-store',
  });
});

test('how coarsely a datasource is seen is told by us alone', () => {
  const rels = { hasMinimumSampleInterval: 5 };
  const found = item('driver-1-core-store', '/ts/loadavg1', rels);
  const told = (granularities: unknown[]) => {
    const manifest = manifestOf({ datasources: [datasource('loadavg1', { granularities })] });
    const sla = agree(manifest, { choices: { loadavg1: found.href }, catalogue: [found] });
    return /"urn:X-databox:rels:hasMinimumSampleInterval","val":(\d+)/.exec(
      environmentOf(sla, facts)['DATASOURCE_loadavg1'] ?? '',
    )?.[1];
  };
  expect(told([])).toBeUndefined();
  expect(told([{ 'minimum-sample-interval': 60_000 }])).toBe('60000');
});

test('chosen items are told as compact JSON of our catalogue, further ones of a clientid are numbered', () => {
  const manifest = manifestOf({ datasources: [datasource('loadavg1', { max: 3 })] });
  const catalogue = [1, 2, 3].map(load);
  const sla = agree(manifest, { choices: { loadavg1: catalogue.map(({ href }) => href) }, catalogue });
  const environment = environmentOf(sla, facts);
  expect(environment['DATASOURCE_loadavg1']).toBe(
    '{"item-metadata":[{"rel":"urn:X-hypercat:rels:isContentType","val":"application/json"},' +
      '{"rel":"urn:X-databox:rels:hasType","val":"loadavg1"}],"href":"tcp://driver-1-core-store:5555/ts/loadavg1"}',
  );
  expect(environment['DATASOURCE_loadavg1_2']).toContain('driver-2-core-store');
  expect(environment['DATASOURCE_loadavg1_3']).toContain('driver-3-core-store');
});

test.each([
  ['an equals sign', 'A=B'],
  ['a newline', 'A\nDATABOX_VERSION=evil'],
  ['a NUL', 'A\0'],
  ['a space', 'A B'],
])('M04 a clientid with %s cannot become a variable', (_, clientid) => {
  const manifest = manifestOf({ datasources: [datasource('A')] });
  const sla = agree(manifest, { choices: { A: load(1).href } });
  const [line] = sla.datasources;
  // The parser refuses such a clientid; this is what the agreement itself must withstand.
  const forged = { ...sla, datasources: line ? [{ ...line, clientid, item: load(1) }] : [] };
  expect(() => environmentOf(forged, facts)).toThrow(expect.objectContaining({ code: 'datasource.invalid' }) as Error);
});

test('M04 a numbered item cannot take the variable of another clientid', () => {
  const sla = agree(manifestOf({ datasources: [datasource('A', { type: 'loadavg1' })] }), {
    choices: { A: load(1).href },
  });
  const line = { ...sla.datasources[0]!, item: load(1) };
  const forged = { ...sla, datasources: [line, line, { ...line, clientid: 'A_2' }] };
  expect(() => environmentOf(forged, facts)).toThrow('A_2');
});

test('M04 newlines and quotes in an item stay inside its value', () => {
  const odd = item('driver-1-core-store', '/ts/loadavg1', { description: 'a\nDATABOX_VERSION=evil"' });
  const manifest = manifestOf({ datasources: [datasource('loadavg1')] });
  const sla = agree(manifest, { choices: { loadavg1: odd.href }, catalogue: [odd] });
  expect(environmentOf(sla, facts)['DATASOURCE_loadavg1']).not.toContain('\n');
});
