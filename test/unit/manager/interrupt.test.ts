/** Nobody waits for a registry: an uninstall ends the fetch of an image, a revoke comes before its end. */
import { once } from 'node:events';
import { run } from '../../../src/base/run.ts';
import type { PullOptions } from '../../../src/manager/pull.ts';
import { change, install, restart, uninstall } from '../../../src/manager/install.ts';
import type { Core } from '../../../src/manager/lifecycle.ts';
import { destination, house } from './house.ts';

const url = 'https://b.example/';
const manifest = { name: 'app-y', 'databox-type': 'app', version: '1.0.0', 'export-whitelist': [{ url }] };
const busy = expect.objectContaining({ code: 'component.busy' }) as Error;
const image = { id: `sha256:${'a'.repeat(64)}`, arch: 'amd64', user: '', volumes: [] };

/** A house whose engine has no image, and whose registry does not come to an end. */
async function slowHouse() {
  const it = await house();
  const pulling = new EventTarget();
  const pull = (_reference: string, { signal }: PullOptions) => {
    pulling.dispatchEvent(new Event('begun'));
    return run('sleep', ['60'], { signal, code: 'docker.failed', onLine: () => {} });
  };
  const core = { ...it.core, docker: { ...it.core.docker, image: () => Promise.resolve(undefined), pull } };
  return { ...it, core: core as unknown as Core, begun: () => once(pulling, 'begun') };
}

test('an uninstall ends the pull of an install, which leaves nothing', async () => {
  await using it = await slowHouse();
  const begun = it.begun();
  const refused = expect(install(it.core, { manifest }, () => {})).rejects.toThrow(busy);
  await begun;
  expect(it.core.components.get('app-y')?.state).toBe('preparing');
  await uninstall(it.core, 'app-y', 'keep');
  await refused;
  expect([...it.core.components.keys()]).toEqual(['app-x']);
  expect([it.records.intents(), it.records.slas().map(({ name }) => name)]).toEqual([[], ['app-x']]);
});

test('an uninstall ends an install between two steps, which takes back what it did', async () => {
  await using it = await house();
  let removed = Promise.resolve();
  const network = {
    ...it.core.network,
    addComponent() {
      removed = uninstall(it.core, 'app-y', 'keep');
      return Promise.resolve({ address: '10.196.1.2' });
    },
  };
  const docker = { ...it.core.docker, image: () => Promise.resolve(image) };
  const core = { ...it.core, docker, network } as unknown as Core;
  const steps: string[] = [];
  await expect(install(core, { manifest }, ({ step }) => void steps.push(step))).rejects.toThrow(busy);
  await removed;
  expect(steps).toEqual(['image', 'network']);
  expect(it.done).toContain('network app-y');
  expect([it.core.components.has('app-y'), it.records.intents()]).toEqual([false, []]);
  expect(it.ledger.entries).toMatchObject([
    { kind: 'install', component: 'app-y', facts: { image: { id: image.id }, destinations: [url], origin: 'owner' } },
    { kind: 'uninstall', component: 'app-y', facts: { undone: 'install' } },
  ]);
});

test('an uninstall ends the pull of a restart, and nothing starts it again', async () => {
  await using it = await slowHouse();
  it.component.sla = { ...it.component.sla, datasources: [], image: { reference: 'a/b:1', id: image.id } };
  const begun = it.begun();
  const refused = expect(restart(it.core, 'app-x')).rejects.toThrow(busy);
  await begun;
  await uninstall(it.core, 'app-x', 'keep');
  await refused;
  expect([it.core.components.size, it.records.slas(), it.component.timer]).toEqual([0, [], undefined]);
});

test('the way down ends the pull of an install', async () => {
  await using it = await slowHouse();
  const begun = it.begun();
  const stopped = expect.objectContaining({ code: 'databox.stopped' }) as Error;
  const refused = expect(install(it.core, { manifest }, () => {})).rejects.toThrow(stopped);
  await begun;
  it.stop.abort();
  await refused;
  expect(it.core.components.has('app-y')).toBe(false);
});

test('what is taken back during the pull of an install is not agreed, and the install alone writes it down', async () => {
  await using it = await slowHouse();
  const begun = it.begun();
  const refused = expect(install(it.core, { manifest }, () => {})).rejects.toThrow(busy);
  await begun;
  await change(it.core, 'app-y', { line: { destination: url }, revoked: true });
  expect(it.core.components.get('app-y')?.sla.revoked.destinations).toEqual([url]);
  expect(it.records.slas().map(({ name }) => name)).toEqual(['app-x']);
  await uninstall(it.core, 'app-y', 'keep');
  await refused;
});

test('what is taken back during the pull of a restart is taken at once, and all of it', async () => {
  await using it = await slowHouse();
  it.component.sla = { ...it.component.sla, datasources: [], image: { reference: 'a/b:1', id: image.id } };
  const begun = it.begun();
  const refused = expect(restart(it.core, 'app-x')).rejects.toThrow(busy);
  await begun;
  expect(it.arbiter.grants('app-x')).not.toEqual([]);
  const line = { destination };
  const changes = [true, false, true].map((revoked) => change(it.core, 'app-x', { line, revoked }));
  await Promise.all(changes);
  expect(it.arbiter.grants('app-x')).toEqual([]);
  expect(it.records.slas()[0]?.revoked.destinations).toEqual([destination]);
  await uninstall(it.core, 'app-x', 'keep');
  await refused;
});
