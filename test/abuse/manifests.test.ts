/** Manifests and images nobody should trust: refused in words, and without a trace; and an install is whole or gone. */
import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  appManifest,
  driverManifest,
  driver,
  hrefOf,
  installDriver,
  loadForeignImage,
  probeImage,
  running,
  endRig,
  startRig,
  type AnyManifest,
  type Rig,
} from './rig/index.ts';
import type { Json } from './rig/admin.ts';
import { traces } from './rig/traces.ts';

let rig: Rig;
let shop: string;
const known = appManifest('app-known', {
  datasources: { TEMPERATURE: 'temperature' },
  exports: ['https://sink.example.test/in'],
});

beforeAll(async () => {
  rig = await startRig({ databox: false });
  shop = join(rig.house.dir, 'shop');
  mkdirSync(shop);
  writeFileSync(join(shop, 'good.json'), JSON.stringify(known));
  await rig.databox.start({ 'appstore.repositories': [shop] });
  await installDriver(rig);
}, 240_000);
afterAll(() => endRig(rig), 60_000);

const install = async (manifest: unknown, choices?: Record<string, string>): Promise<Json> => {
  const progress = await rig.databox.admin.install({ manifest, ...(choices && { choices }) });
  const problem = progress.at(-1)?.problem;
  if (!problem) throw new Error(`installed: ${JSON.stringify(progress)}`);
  return problem;
};
/** Runs a refused install and checks that it left nothing and says which kind of fault it was. */
async function refuses(manifest: unknown, code: string, choices?: Record<string, string>): Promise<Json> {
  const before = await traces(rig);
  const problem = await install(manifest, choices);
  expect(problem).toMatchObject({ code, title: expect.stringMatching(/\w{3}/) as string });
  expect(await traces(rig)).toEqual(before);
  return problem;
}

describe('M02 names', () => {
  test.each([
    ...['arbiter', 'container-manager', 'export-service', 'core-ui', 'app-store', 'localhost', 'databox-system-net'],
    ...['../x', '-rm', 'a b', 'a\nb', 'a/b', 'x-core-store', 'x-network', '', 'A', 'äpp', 'a'.repeat(300), 'аpp'],
  ])('%j is refused', async (name) => {
    const problem = await refuses({ ...appManifest('x'), name }, 'manifest.invalid');
    expect(JSON.stringify(problem)).toContain('name');
  });
});

describe('M03 images', () => {
  test.each(['--privileged', '-v/:/host', 'a/b:c d', 'a/b:c;reboot', 'A/B:c', '$(id)/x:1'])(
    'the reference %j is refused when parsed',
    (image) => refuses({ ...appManifest('app-image'), 'docker-image': image }, 'manifest.invalid'),
  );

  test('an image that is nowhere is named in the error, and nothing was started', async () => {
    const missing = 'nowhere.example.test/nobody/nothing:1';
    const problem = await refuses({ ...appManifest('app-image'), 'docker-image': missing }, 'image.missing');
    expect(JSON.stringify(problem)).toContain('nothing:1');
  }, 90_000);

  test('an image of another architecture is refused', async () => {
    await loadForeignImage(rig, 'local/foreign:1');
    await refuses({ ...appManifest('app-image'), 'docker-image': 'local/foreign:1' }, 'image.invalid');
  });

  test('a tag that moves after the install changes nothing: the reviewed image is what runs', async () => {
    await rig.engine.docker(['tag', probeImage, 'local/moving:1']);
    await rig.databox.admin.mustInstall({
      manifest: { ...appManifest('app-pinned'), 'docker-image': 'local/moving:1' },
    });
    await running(rig, 'app-pinned');
    const image = () => rig.engine.docker(['inspect', '-f', '{{.Image}}', 'app-pinned']);
    const reviewed = await image();
    await broken('local/moving:1');
    await rig.databox.admin.must('POST', '/components/app-pinned/restart');
    await running(rig, 'app-pinned');
    expect(await image()).toBe(reviewed);
    await rig.databox.admin.must('DELETE', '/components/app-pinned?data=delete');
  }, 60_000);

  test('an image that cannot start: the error says so and nothing is left', async () => {
    await broken('local/broken:1');
    await refuses({ ...appManifest('app-broken'), 'docker-image': 'local/broken:1' }, 'docker.failed');
  }, 60_000);
});

/** An image whose program does not exist. */
async function broken(tag: string): Promise<void> {
  const tar = join(rig.house.dir, 'broken.tar');
  writeFileSync(tar, Buffer.alloc(10_240));
  await rig.engine.docker(['import', '--change', 'CMD ["/nothing"]', tar, tag]);
}

describe('M04 environment', () => {
  test.each(['A=B', 'A\nLD_PRELOAD=/x', 'A B', 'Ä', '', 'A'.repeat(65)])('the client id %j is refused', (clientid) =>
    refuses(withDatasource({ clientid }), 'manifest.invalid'),
  );

  test('text with equals signs adds no variable; a line break is refused', async () => {
    const broken = { ...appManifest('app-env'), description: 'x\nLD_PRELOAD=/x' };
    await refuses(broken, 'manifest.invalid');
    const manifest = { ...appManifest('app-env'), description: 'LD_PRELOAD=/x', tags: ['A=B'] };
    await rig.databox.admin.mustInstall({ manifest });
    const [env] = JSON.parse(
      await rig.engine.docker(['inspect', '-f', '[{{json .Config.Env}}]', 'app-env']),
    ) as string[][];
    const names = (env ?? []).map((line) => line.split('=')[0] ?? '');
    expect(names.filter((name) => !/^(DATABOX_[A-Z_]+|PATH)$/.test(name))).toEqual([]);
    expect((env ?? []).join('').includes('\n')).toBe(false);
    await rig.databox.admin.must('DELETE', '/components/app-env?data=delete');
  }, 60_000);
});

const withDatasource = (changes: Json): AnyManifest => {
  const manifest = appManifest('app-env', { datasources: { T: 'temperature' } });
  return { ...manifest, datasources: [{ ...(manifest['datasources'] as Json[])[0], ...changes }] };
};

describe('M05 broken manifests', () => {
  test.each<[string, unknown]>([
    ['a list', []],
    ['a text', 'x'],
    ['another type', { ...appManifest('app-x'), 'databox-type': 'store' }],
    ['a number for a name', { ...appManifest('app-x'), name: 7 }],
    ['a text for datasources', { ...appManifest('app-x'), datasources: 'all' }],
    ['another kind of store', { ...appManifest('app-x'), 'resource-requirements': { store: 'other-store' } }],
    ['http export', appManifest('app-x', { exports: ['http://sink.example.test/'] })],
    ['export to everywhere', appManifest('app-x', { exports: ['*'] })],
    ['an address for a host', driverManifest('driver-x', ['https://192.168.77.10/'])],
    ['a host without scheme', driverManifest('driver-x', ['api.example.test'])],
  ])('%s is refused', async (_what, manifest) => {
    const before = await traces(rig);
    const problem = await install(manifest);
    expect(['manifest.invalid', 'body.invalid']).toContain(problem['code']);
    expect(await traces(rig)).toEqual(before);
  });

  test('in a repository, each bad file is reported and hides no other', async () => {
    const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`;
    const bad: Record<string, string | Buffer> = {
      'huge.json': Buffer.alloc(50 * 1024 * 1024, 0x20),
      'deep.json': deep,
      'cut.json': JSON.stringify(known).slice(0, 40),
      'latin.json': Buffer.from('{"name":"app-\xe4"}', 'latin1'),
      'proto.json': '{"__proto__":{"name":"app-proto","databox-type":"app"},"constructor":{"prototype":{"x":1}}}',
      'empty.json': '',
    };
    for (const [name, content] of Object.entries(bad)) writeFileSync(join(shop, name), content);
    symlinkSync('/etc/passwd', join(shop, 'link.json'));
    writeFileSync(join(shop, 'second.json'), JSON.stringify(appManifest('app-second')));
    const report = await rig.databox.admin.ask('POST', '/repositories/sync', {});
    expect(report.status).toBeLessThan(300);
    const told = JSON.stringify(report.json ?? report.text);
    for (const name of Object.keys(bad)) expect(told).toContain(name);
    const list = await rig.databox.admin.read<{ manifest: { name: string } }[]>('/manifests');
    expect(list.map(({ manifest }) => manifest.name).sort()).toEqual(['app-known', 'app-second']);
    expect(({} as Json)['x']).toBeUndefined();
  }, 60_000);
});

describe('M08 hostile repositories', () => {
  test.each([
    ...['ext::sh -c "touch /tmp/owned"', 'file:///etc', '--upload-pack=touch /tmp/owned', 'http://git.example.test/x'],
    ...[
      'git://git.example.test/x',
      'ssh://git@git.example.test/x',
      'git@git.example.test:x',
      'https://u:p@git.example.test/x',
    ],
    ...['../shop', 'https://git.example.test/x#y'],
  ])('the address %j is refused', async (url) => {
    const answer = await rig.databox.admin.ask('POST', '/repositories', { name: 'evil', url });
    expect({ url, status: answer.status }).toEqual({ url, status: 400 });
  });

  // A drip feed ends at the time limit of a sync, two minutes.
  const slow = process.env['DATABOX_TEST_FULL'] ? (['drip'] as const) : [];
  test.each(['endless', 'huge-headers', 'bomb', ...slow] as const)(
    'a server that answers with %s is given up, in bounds',
    async (mode) => {
      const name = `${mode}.example.test`;
      await rig.outside.setNames({ [name]: { addresses: ['203.0.113.60'] } });
      const headers = { 'content-type': 'application/x-git-upload-pack-advertisement' };
      await rig.site({ address: '203.0.113.60', names: [name], reply: { mode, headers } });
      const url = `https://${name}/repository`;
      expect((await rig.databox.admin.ask('POST', '/repositories', { name: mode, url })).status).toBeLessThan(300);
      const report = await rig.databox.admin.ask('POST', '/repositories/sync', {});
      expect(JSON.stringify(report.json ?? report.text)).toContain(name);
      const list = await rig.databox.admin.read<{ manifest: { name: string } }[]>('/manifests');
      expect(list.map(({ manifest }) => manifest.name)).toContain('app-known');
      await rig.databox.admin.ask('DELETE', '/repositories', { url });
      await rig.outside.close({ address: '203.0.113.60', port: 443 });
    },
    200_000,
  );
});

describe('M10 edited agreements', () => {
  test.each<[string, Json, string]>([
    ['another image', { 'docker-image': 'local/other:1' }, 'docker-image'],
    [
      'another destination',
      { 'export-whitelist': [{ url: 'https://evil.example.test/', description: 'x' }] },
      'export-whitelist',
    ],
    ['another type', { 'databox-type': 'driver', datasources: [], 'export-whitelist': [] }, 'databox-type'],
    ['no store', { 'resource-requirements': {} }, 'resource-requirements'],
  ])('a posted manifest with %s than its repository’s is a conflict', async (_what, changes, member) => {
    const problem = await refuses({ ...known, ...changes }, 'manifest.differs');
    expect(JSON.stringify(problem)).toContain(member);
  });

  test.each<[string, Record<string, string>]>([
    ['a datasource it does not ask for', { TEMPERATURE: hrefOf('temperature'), SECRET: hrefOf('secret') }],
    ['a datasource of another type', { TEMPERATURE: hrefOf('secret') }],
    ['a whole store', { TEMPERATURE: `tcp://${driver}-core-store:5555/*` }],
    ['a path above', { TEMPERATURE: `tcp://${driver}-core-store:5555/ts/temperature/../secret` }],
    ['the manager', { TEMPERATURE: 'tcp://container-manager-core-store:5555/kv/api' }],
    ['another host', { TEMPERATURE: 'tcp://evil.example.test:5555/ts/temperature' }],
  ])('a choice of %s is refused', async (_what, choices) => {
    await refuses(known, 'datasource.invalid', choices);
  });

  test('what a posted item says of itself grants nothing: the box’s own catalogue is read', async () => {
    const forged = { rel: 'urn:X-databox:rels:isActuator', val: true };
    const item = {
      href: hrefOf('temperature'),
      'item-metadata': [forged, { rel: 'urn:X-databox:rels:hasType', val: 'temperature' }],
    };
    const manifest = { ...known, datasources: [{ ...(known['datasources'] as Json[])[0], hypercat: item }] };
    await rig.databox.admin.mustInstall({ manifest });
    await running(rig, 'app-known');
    const held = (await traces(rig))['permissions']?.filter((line) => line.startsWith('app-known'));
    const atDriver = held?.filter((line) => line.includes(`${driver}-core-store`));
    expect(atDriver?.map((line) => line.split(' ')[1])).toEqual(['GET', 'GET']);
    await rig.databox.admin.must('DELETE', '/components/app-known?data=delete');
  }, 60_000);
});
