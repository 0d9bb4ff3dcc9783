import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { connect } from '../../src/client/index.ts';

const manifestOf = (name: string): string => readFileSync(`examples/${name}/databox-manifest.json`, 'utf8');
const repository = (name: string): string => `${process.cwd()}/examples/${name}`;

type Introduction = { url: string; enforced: boolean; components: Record<string, Record<string, string>> };

/** `databox dev` as an author starts it. */
async function startDev(...argv: string[]) {
  const child = spawn(process.execPath, ['src/main.ts', 'dev', '--port', '0', ...argv]);
  const [first] = (await once(createInterface({ input: child.stdout }), 'line')) as [string];
  const end = async () => {
    child.kill('SIGTERM');
    return ((await once(child, 'exit')) as [number | null])[0];
  };
  return { first, end, [Symbol.asyncDispose]: async () => void (child.exitCode ?? (await end())) };
}

async function startDesk(...argv: string[]) {
  const dev = await startDev('--json', ...argv);
  return { ...dev, ...(JSON.parse(dev.first) as Introduction) };
}

test('it says that nothing is enforced, and ends clean', async () => {
  const dev = await startDev();
  expect(dev.first).toMatch(/^databox dev on http:\/\/127\.0\.0\.1:\d+: .* NOTHING IS ENFORCED/);
  expect(await dev.end()).toBe(0);
});

test('what it prints is all that a component needs: a driver writes, an app reads', async () => {
  const argv = ['--appstore-repositories', [repository('driver-os-monitor'), repository('app-os-monitor')].join(',')];
  await using dev = await startDesk(...argv);
  const [app, driver] = ['app-os-monitor', 'driver-os-monitor'].map((name) =>
    connect({ env: dev.components[name] ?? {}, secrets: '/nonexistent' }),
  );
  await driver?.store().ts.write('freememStructured', { value: 42 });
  const chosen = app?.datasource('freememStructured');
  expect(await chosen?.client.ts.latest(chosen.id)).toEqual([
    { timestamp: expect.any(Number) as number, data: { value: 42 } },
  ]);
});

test('a manifest can be added while it runs; a wrong key and an unknown host are refused', async () => {
  await using dev = await startDesk();
  const added = await fetch(`${dev.url}/app-store/manifests`, {
    method: 'POST',
    body: manifestOf('driver-os-monitor'),
  });
  expect(added.status).toBe(200);
  const broken = await fetch(`${dev.url}/app-store/manifests`, { method: 'POST', body: '{"name":"../x"}' });
  expect([broken.status, ((await broken.json()) as { code: string }).code]).toEqual([400, 'manifest.invalid']);
  const ask = (key: string) => fetch(`${dev.url}/arbiter/cat`, { headers: { 'x-api-key': key } });
  expect([(await ask('dev-driver-os-monitor')).status, (await ask('guess')).status]).toEqual([200, 401]);
  const unknown = await fetch(`${dev.url}/nobody-core-store/cat`);
  expect(((await unknown.json()) as { code: string }).code).toBe('path.unknown');
});
