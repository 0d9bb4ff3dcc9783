/** The whole network in a box of its own: real Docker, real kernel, real containers. */
import { jest } from '@jest/globals';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { run } from '../../../src/base/run.ts';
import type { NetworkView, Peer, Place } from '../../../src/network/index.ts';
import { addresses } from '../../abuse/rig/addresses.ts';
import { startEngine, type Engine } from '../../abuse/rig/engine.ts';
import { openHouse, type House } from '../../abuse/rig/house.ts';
import { loadProbeImage, probeImage } from '../../abuse/rig/images.ts';
import { startOutside, type Outside } from '../../abuse/rig/net.ts';
import { startProgram, type Program } from '../../abuse/rig/process.ts';

jest.setTimeout(60_000);

let house: House;
let engine: Engine;
let outside: Outside;
let host: Program;
const undo = new AsyncDisposableStack();
let next = 0;

const node = ['--disable-warning=ExperimentalWarning'];
const hostFile = fileURLToPath(new URL('host.ts', import.meta.url));

/** Starts the program under test; its state outlives it. */
async function startHost(more: Record<string, unknown> = {}): Promise<void> {
  const flags = {
    ...more,
    'docker.host': engine.host,
    'network.public-ranges': addresses.publicRanges.join(','),
    'network.upstream': addresses.net.dns,
  };
  host = startProgram(
    house.asBox([process.execPath, ...node, hostFile, join(house.dir, 'state'), JSON.stringify(flags)]),
  );
  await call('start');
  for (const service of ['container-manager', 'arbiter', 'driver-core-store']) await call('serve', service);
}

async function call<T>(name: string, ...args: unknown[]): Promise<T> {
  const id = next++;
  host.write(`${JSON.stringify({ id, call: name, args })}\n`);
  const line = await host.line((text) => (JSON.parse(text) as { id?: number }).id === id);
  const said = JSON.parse(line) as { value: T; failure?: Error };
  if (said.failure) throw Object.assign(new Error(said.failure.message), said.failure);
  return said.value;
}

/** Runs the component as the manager does: a page on 8080 says who asks. */
async function runComponent(name: string, place: Place): Promise<void> {
  const page = `require('http').createServer((q,s)=>s.end('${name} '+q.socket.remoteAddress)).listen(8080,'0.0.0.0')`;
  const mount = `type=bind,readonly,source=${place.resolvConf},target=/etc/resolv.conf`;
  const leg = ['--network', place.network, '--ip', place.address, '--dns', place.gateway, '--mount', mount];
  await engine.docker(['run', '-d', '--name', name, '--hostname', name, ...leg, probeImage, '/bin/node', '-e', page]);
}

const inBox = (...argv: string[]): Promise<string> => {
  const [file = '', ...rest] = house.inRoom('box', argv);
  return run(file, rest);
};
/** What a page says, or the error. */
const get = (component: string, url: string): Promise<string> =>
  engine.docker(['exec', component, '/bin/node', '-e', fetching, url]);
const fetching = `const {request}=require('http');
const q=request(process.argv[1],{agent:false,timeout:3000},async(s)=>{let t='';for await(const c of s)t+=c;console.log(t)});
q.on('error',(e)=>console.log(e.code)).on('timeout',()=>q.destroy(Object.assign(new Error(),{code:'silence'})));q.end()`;
/** Names as a program asks them: the C library, by resolv.conf. */
const lookup = (component: string, name: string): Promise<string> =>
  engine.docker([
    'exec',
    component,
    '/bin/node',
    '-e',
    "require('dns').lookup(process.argv[1],{family:4},(e,a)=>console.log(e?.code??a))",
    name,
  ]);

const arbiter: Peer = { kind: 'service', name: 'arbiter' };
const store: Peer = { kind: 'service', name: 'driver-core-store' };
const site: Peer = { kind: 'external', host: 'api.example', ports: [{ protocol: 'tcp', port: 8443 }] };
const withoutCounters = (rules: string): string[] =>
  rules.split('\n').filter((line) => line.startsWith('-A') && !line.includes('DOCKER-ISOLATION'));
const traces = async (): Promise<unknown> => ({
  rules: withoutCounters(await inBox('iptables-save')),
  six: withoutCounters(await inBox('ip6tables-save')),
  sets: await inBox('ipset', 'list', '-n'),
  links: (await inBox('ip', '-o', 'link')).split('\n').map((line) => line.split(':')[1]),
  networks: await engine.docker(['network', 'ls', '--format', '{{.Name}}']),
});

let app: Place;
let driver: Place;
let clean: unknown;

beforeAll(async () => {
  house = undo.use(await openHouse());
  outside = undo.use(await startOutside(house));
  engine = await startEngine(house);
  undo.defer(() => engine[Symbol.asyncDispose]());
  await loadProbeImage(house, engine);
  const page = "require('http').createServer((q,s)=>s.end(q.socket.localAddress)).listen(8443,()=>console.log('up'))";
  const pages = undo.use(startProgram(house.inRoom('net', [process.execPath, '-e', page])));
  await pages.line((line) => line === 'up');
  clean = await traces();
  await startHost();
  undo.defer(() => host[Symbol.asyncDispose]());
  app = await call<Place>('addComponent', 'app-x');
  driver = await call<Place>('addComponent', 'driver');
  await Promise.all([runComponent('app-x', app), runComponent('driver', driver)]);
});
afterAll(() => undo.disposeAsync());

test('nothing is agreed: no name, no service, no neighbour', async () => {
  expect(await lookup('app-x', 'arbiter')).toBe('ENOTFOUND');
  expect(await get('app-x', `http://${driver.address}:8080/`)).not.toContain('driver');
  expect(await call<NetworkView>('view')).toMatchObject({
    problems: [],
    healthy: true,
    names: [{ component: 'app-x', name: 'arbiter' }],
    refused: [{ component: 'app-x', dst: driver.address, port: 8080 }],
  });
});

test('an agreed service answers at its spoofed address, and sees who asks', async () => {
  await call('connect', 'app-x', [arbiter, store]);
  expect(await get('app-x', 'http://arbiter:8080/')).toBe(`arbiter ${app.address}`);
  expect(await lookup('app-x', 'ARBITER')).toMatch(/^10\.196\.1\.25\d$/);
  expect(await lookup('driver', 'arbiter')).toBe('ENOTFOUND');
  expect(await get('app-x', `http://${await lookup('app-x', 'arbiter')}:8081/`)).not.toContain('arbiter');
});

test('names over TCP, from addresses to names, and by way of Docker’s own resolver', async () => {
  const script = `const d=require('dns').promises,r=new d.Resolver({timeout:2000,tries:1});r.setServers([process.argv[1]]);
const f=(e)=>e.code;(async()=>console.log(await r.resolve4('arbiter').catch(f),await r.resolve4('www.example').catch(f),
await r.reverse(process.argv[2]).catch(f)))()`;
  const ask = (server: string) => engine.docker(['exec', 'app-x', '/bin/node', '-e', script, server, spoofed]);
  const spoofed = await lookup('app-x', 'arbiter');
  expect(await ask(app.gateway)).toBe(`[ '${spoofed}' ] ENOTFOUND [ 'arbiter' ]`);
  expect(await ask('127.0.0.11')).toContain(`[ '${spoofed}' ] ENOTFOUND`);
  const overTcp = `const q=Buffer.from('001900070100000100000000000007617262697465720000010001','hex');
const s=require('net').connect(53,process.argv[1],()=>s.write(q));s.on('data',(d)=>(console.log(d.subarray(-4).join('.')),s.destroy()))`;
  expect(await engine.docker(['exec', 'app-x', '/bin/node', '-e', overTcp, app.gateway])).toBe(spoofed);
  expect(await outside.queries()).toEqual([]);
});

test('the manager, and no other of this machine, opens a component’s page', async () => {
  const url = `http://${app.address}:8080/`;
  const from = (address: string) =>
    inBox(process.execPath, '-e', fetching.replace('agent:false', `agent:false,localAddress:'${address}'`), url);
  expect(await from(app.managerAddress)).toBe(`app-x ${app.managerAddress}`);
  expect(await from(app.gateway)).not.toContain('app-x');
});

test('a component reaches the one it agreed, which sees an address of its own subnet and cannot call back', async () => {
  await call('connect', 'app-x', [{ kind: 'component', name: 'driver' }]);
  const said = await get('app-x', 'http://driver:8080/');
  expect(said).toMatch(/^driver 10\.196\.2\.25\d$/);
  expect(await get('driver', `http://${said.split(' ')[1]}:8080/`)).not.toContain('app-x');
  await call('disconnect', 'app-x', ['driver']);
  expect(await lookup('app-x', 'driver')).toBe('ENOTFOUND');
});

test('an agreed outside name leads to where it is now, on its port only; others do not travel upstream', async () => {
  await outside.setNames({ 'api.example': { addresses: ['203.0.113.10'], ttl: 0 } });
  await call('connect', 'driver', [site]);
  expect(await get('driver', 'http://api.example:8443/')).toContain('203.0.113.10');
  expect(await get('driver', 'http://api.example:8444/')).not.toContain('203.0.113');
  expect(await lookup('driver', 'www.example')).toBe('ENOTFOUND');
  expect(await lookup('app-x', 'api.example')).toBe('ENOTFOUND');
  await outside.setNames({ 'api.example': { addresses: ['203.0.113.99'], ttl: 0 } });
  await new Promise((done) => setTimeout(done, 1_100)); // an answer is kept a second
  expect(await get('driver', 'http://api.example:8443/')).toContain('203.0.113.99');
  expect(new Set((await outside.queries()).map(({ name }) => name))).toEqual(new Set(['api.example']));
});

test.each([
  ['the house', '192.168.77.10'],
  ['this machine, at an address that counts as outside', '198.51.100.2'],
  ['this machine’s engine', '172.17.0.1'],
  ['loopback', '127.0.0.1'],
  ['another component', '10.196.1.2'],
])('a name that turns to %s gets no answer, and opens no flow', async (_claim, address) => {
  await outside.setNames({ 'api.example': { addresses: [address], ttl: 0 } });
  await new Promise((done) => setTimeout(done, 1_100));
  const spoofed = (await call<NetworkView>('view')).components
    .flatMap(({ peers }) => peers)
    .find(({ name }) => name === 'api.example')?.address;
  expect(await lookup('driver', 'api.example')).toMatch(/^E/);
  expect(await get('driver', `http://${spoofed}:8443/`)).toMatch(/^E|silence/);
});

test('an agreed device of the house may be at home', async () => {
  const peer: Peer = { kind: 'external', host: 'lamp.example', ports: [{ protocol: 'tcp', port: 80 }], local: true };
  await call('connect', 'driver', [peer]);
  await outside.setNames({ 'lamp.example': { addresses: ['192.168.77.10'] } });
  expect(await lookup('driver', 'lamp.example')).toMatch(/^10\.196\.2\./);
  await call('disconnect', 'driver', ['lamp.example']);
});

const streaming = `const q=require('http').get('http://driver-core-store:8080/stream',(s)=>{
s.on('data',()=>console.log('tick')).on('error',(e)=>console.log('end '+e.code)).on('end',()=>console.log('end'))});
q.on('error',(e)=>console.log('end '+e.code))`;

test('a reset ends the open stream at once and leaves the agreement', async () => {
  await using stream = startProgram(['docker', '-H', engine.host, 'exec', 'app-x', '/bin/node', '-e', streaming]);
  await stream.line((line) => line === 'tick');
  const at = performance.now();
  await call('reset', 'app-x', 'driver-core-store');
  expect(await stream.line((line) => line.startsWith('end'))).toBe('end ECONNRESET');
  expect(performance.now() - at).toBeLessThan(1_000);
  expect(await get('app-x', 'http://driver-core-store:8080/')).toContain('driver-core-store');
});

test('a withdrawal ends the open stream within a second, the name and the way', async () => {
  const spoofed = await lookup('app-x', 'driver-core-store');
  await using stream = startProgram(['docker', '-H', engine.host, 'exec', 'app-x', '/bin/node', '-e', streaming]);
  await stream.line((line) => line === 'tick');
  const at = performance.now();
  await call('disconnect', 'app-x', ['driver-core-store']);
  expect(await stream.line((line) => line.startsWith('end'))).toBe('end ECONNRESET');
  expect(performance.now() - at).toBeLessThan(1_000);
  expect(await get('app-x', `http://${spoofed}:8080/`)).not.toContain('driver-core-store');
  expect(await lookup('app-x', 'driver-core-store')).toBe('ENOTFOUND');
  expect(await get('app-x', 'http://arbiter:8080/')).toContain('arbiter');
});

test('the address of a withdrawn peer stays while resets are armed, leads nowhere, is its own again, and goes', async () => {
  await call('connect', 'app-x', [store]);
  const spoofed = await lookup('app-x', 'driver-core-store');
  const held = async () => (await inBox('ip', '-o', 'addr', 'show', 'dev', app.bridge)).includes(` ${spoofed}/32 `);
  await call('disconnect', 'app-x', ['driver-core-store']);
  expect(await held()).toBe(true);
  expect(await get('app-x', `http://${spoofed}:8080/`)).toBe('ECONNREFUSED');
  await call('connect', 'app-x', [store]);
  expect(await get('app-x', 'http://driver-core-store:8080/')).toContain('driver-core-store');
  await call('disconnect', 'app-x', ['driver-core-store']);
  await new Promise((done) => setTimeout(done, 16_000));
  expect(await held()).toBe(false);
});

test('killed, nothing new passes; started again, running containers are adopted at their addresses', async () => {
  host.kill('SIGKILL');
  await host.exited;
  await new Promise((done) => setTimeout(done, 3_500)); // the heartbeat’s time-out
  expect(await lookup('app-x', 'arbiter')).toMatch(/^E/);
  await startHost();
  expect(await call<Place>('addComponent', 'app-x')).toEqual(app);
  expect(await lookup('app-x', 'arbiter')).toBe('ENOTFOUND');
  await call('connect', 'app-x', [arbiter]);
  expect(await get('app-x', 'http://arbiter:8080/')).toBe(`arbiter ${app.address}`);
});

test('addresses that somebody takes away come back', async () => {
  await inBox('ip', 'addr', 'del', `${await lookup('app-x', 'arbiter')}/32`, 'dev', app.bridge);
  await new Promise((done) => setTimeout(done, 6_000));
  expect(await get('app-x', 'http://arbiter:8080/')).toContain('arbiter');
});

test('the engine starts again over our networks', async () => {
  await engine[Symbol.asyncDispose](); // takes its containers along
  engine = await startEngine(house);
  expect(await call<Place>('addComponent', 'app-x')).toEqual(app);
  await runComponent('app-x', app);
  expect(await get('app-x', 'http://arbiter:8080/')).toBe(`arbiter ${app.address}`);
});

test('removed and stopped, nothing is left; the next start has the same addresses', async () => {
  await engine.docker(['rm', '-f', 'app-x']);
  await call('removeComponent', 'driver');
  await call('stop');
  expect(await traces()).toEqual(clean);
  await host[Symbol.asyncDispose]();
  // A removal that a crash cut short: the book has forgotten the network already.
  const labels = ['--label', 'databox.type=network', '--label', 'databox.component=gone'];
  await engine.docker(['network', 'create', '--internal', ...labels, 'gone-network']);
  await startHost();
  expect(await engine.docker(['network', 'ls', '--format', '{{.Name}}'])).not.toContain('gone');
  expect(await call<Place>('addComponent', 'app-x')).toEqual(app);
  await call('stop');
  expect(await traces()).toEqual(clean);
});

test('an address pool in use is not taken; one that was asked for is refused, and the sentence names who has it', async () => {
  await host[Symbol.asyncDispose]();
  await inBox('ip', 'addr', 'add', '10.196.9.9/32', 'dev', 'lo');
  await startHost();
  expect((await call<NetworkView>('view')).pool).toBe('172.27.0.0/16');
  await call('stop');
  await host[Symbol.asyncDispose]();
  const refusal = {
    code: 'network.overlap',
    message: expect.stringContaining('10.196.9.9/32 (address of lo)') as string,
  };
  await expect(startHost({ 'network.address-pool': '10.196.0.0/16' })).rejects.toMatchObject(refusal);
  expect(await traces()).toEqual(clean);
});
