import { Failure } from '../../../src/base/errors.ts';
import { checkReplacement, replace } from '../../../src/manager/replace.ts';
import { successor } from '../../../src/manager/successor.ts';
import type { Core } from '../../../src/manager/lifecycle.ts';
import { agree, datasource, driverOf, manifestOf } from './fixtures.ts';
import { destination, house, temperature } from './house.ts';

const asks = { datasources: [datasource('temperature')], 'export-whitelist': [{ url: destination }] };
const same = { name: 'app-x', 'databox-type': 'app', version: '1.0.0', ...asks };
const chosen = { choices: { temperature: temperature.href } };
const agreed = agree(manifestOf(asks), { ...chosen, catalogue: [temperature] });

describe('the next agreement', () => {
  test('has what the owner took back taken back, also when that datasource is chosen anew', () => {
    const [line] = agreed.datasources;
    if (!line) throw new Error('no line');
    const earlier = {
      ...agreed,
      datasources: [{ ...line, revoked: true }],
      revoked: { destinations: [destination, 'https://gone.example/'], hosts: [] },
    };
    const href = 'tcp://driver-y-core-store:5555/ts/temperature';
    expect(successor(earlier, agree(manifestOf(asks), { choices: { temperature: href } }))).toMatchObject({
      datasources: [{ href, revoked: true }],
      revoked: { destinations: [destination] },
    });
  });
  test('keeps a line that was agreed as it was, although its driver is away', () => {
    expect(successor(agreed, agree(manifestOf(asks), chosen)).datasources).toEqual(agreed.datasources);
  });
  const withStore = { 'resource-requirements': { store: 'core-store' } };
  test.each([
    ['of another origin', agreed, agree(manifestOf(asks), { ...chosen, origin: 'https://evil.example/x' })],
    ['of another type', agree(manifestOf(withStore)), agree(driverOf({ name: 'app-x', ...withStore }))],
    ['that wants no store any more', agree(manifestOf(withStore)), agree(manifestOf())],
  ])('is not one %s', (_, earlier, next) => {
    expect(() => successor(earlier, next)).toThrow(expect.objectContaining({ code: 'component.exists' }) as Error);
  });
});

const image = { id: 'sha256:new', arch: 'amd64', user: '1000', volumes: [] };
/** As in `house`, with an engine that has the new image; the start ends at the network, which is not there. */
async function houseWithImage() {
  const it = await house();
  it.component.sla = agreed;
  const docker = { ...it.core.docker, image: () => Promise.resolve(image) };
  const network = {
    ...it.core.network,
    addComponent: () => Promise.reject(new Failure('network.refused', 'no kernel')),
  };
  return { ...it, core: { ...it.core, docker, network } as unknown as Core };
}

test('the container goes before anything is granted, and the agreement has the new image and manifest', async () => {
  await using it = await houseWithImage();
  const wider = { ...same, 'export-whitelist': [{ url: 'https://b.example/' }] };
  await expect(replace(it.core, { manifest: wider }, () => {})).rejects.toMatchObject({ code: 'docker.failed' });
  clearTimeout(it.component.timer);
  const [saved] = it.records.slas();
  expect(saved).toMatchObject({
    image: { id: 'sha256:new' },
    manifest: { 'export-whitelist': [{ url: 'https://b.example/' }] },
  });
  expect(saved?.datasources).toMatchObject([{ href: temperature.href }]);
  expect(it.component.sla).toEqual(saved);
  const containers = it.done.findIndex((step) => step.startsWith('containers'));
  expect(containers).toBeGreaterThanOrEqual(0);
  expect(it.done.findIndex((step) => step.startsWith('connect'))).toBeGreaterThan(containers);
  expect(it.done).toContain(`forget app-x ${destination}`);
  const facts = { image: { id: 'sha256:new' }, destinations: ['https://b.example/'] };
  expect(it.ledger.entries[0]).toMatchObject({ kind: 'replace', component: 'app-x', facts });
});

test('what cannot take its place changes nothing', async () => {
  await using it = await houseWithImage();
  const before = it.component.sla;
  const bad = { ...same, datasources: [datasource('humidity')] };
  await expect(checkReplacement(it.core, { manifest: bad })).rejects.toMatchObject({ code: 'datasource.invalid' });
  await expect(checkReplacement(it.core, { manifest: { ...same, name: 'app-y' } })).rejects.toMatchObject({
    code: 'component.unknown',
  });
  const none = {
    ...it.core,
    docker: {
      ...it.core.docker,
      image: () => Promise.resolve(undefined),
      pull: () => Promise.reject(new Failure('docker.failed', 'no registry')),
    },
  };
  await expect(replace(none as unknown as Core, { manifest: same }, () => {})).rejects.toMatchObject({
    code: 'image.missing',
  });
  expect([it.component.sla, it.done.filter((step) => !step.startsWith('forget'))]).toEqual([before, []]);
});
