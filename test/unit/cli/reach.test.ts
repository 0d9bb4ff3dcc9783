/** `databox test --network` as a program: real TLS and DNS on this machine, no third party. */
import { jest } from '@jest/globals';
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { createServer } from 'node:tls';
import dns from 'dns-packet';
import { loadConfig } from '../../../src/base/config.ts';
import { destinations, type Reach } from '../../../src/cli/reach.ts';
import { createAuthority } from '../appstore/authority.ts';
import { databox } from './command.ts';
import { folder } from './doctor/machine.ts';

jest.setTimeout(60_000);

async function startHost() {
  await using up = new AsyncDisposableStack();
  const { ca, key, cert } = await createAuthority();
  const { dir } = up.use(folder());
  const trusted = join(dir, 'ca.pem');
  writeFileSync(trusted, ca);
  let bytes = 0;
  const tls = createServer({ key, cert }, (socket) => socket.on('data', (part: Buffer) => (bytes += part.length)).on('error', () => {})); // prettier-ignore
  up.defer(() => void tls.close());
  await once(tls.listen(0, 'localhost'), 'listening');
  const names = createSocket('udp4').on('message', (message, { port, address }) => {
    const { id = 0, questions = [] } = dns.decode(message);
    const answers = [{ type: 'A' as const, name: questions[0]?.name ?? '', data: '127.0.0.1', ttl: 5 }];
    names.send(dns.encode({ type: 'response', id, questions, answers, flags: 0 }), port, address);
  });
  up.defer(() => void names.close());
  await once(names.bind(0, '127.0.0.1'), 'listening');
  const host = `localhost:${(tls.address() as AddressInfo).port}`;
  const server = `127.0.0.1:${names.address().port}`;
  const settings = ['--appstore-repositories', `https://${host}/store`, '--docker-registry-host', host];
  const args = ['test', '--network', '--json', ...settings, '--network-upstream', server];
  const way = up.move();
  return { args, trusted, host, server, bytes: () => bytes, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

test('reaches name server and repository: exit code 0, and nothing but a handshake is sent', async () => {
  await using host = await startHost();
  const { code, out } = await databox(host.args, { NODE_EXTRA_CA_CERTS: host.trusted });
  const { names, hosts } = JSON.parse(out) as Reach;
  expect(names).toEqual([{ server: host.server, name: 'localhost', ms: expect.any(Number) as number }]);
  expect(hosts).toEqual([expect.objectContaining({ host: 'localhost', what: 'repository', ms: expect.any(Number) as number })]); // prettier-ignore
  expect([code, host.bytes()]).toEqual([0, 0]);
});

test('a certificate that nobody vouches for is not reached: exit code 69', async () => {
  await using host = await startHost();
  const { code, out } = await databox(host.args);
  const { hosts } = JSON.parse(out) as Reach;
  expect(hosts).toEqual([expect.objectContaining({ failed: expect.stringMatching(/certificate/) as string })]);
  expect(code).toBe(69);
});

test('without --network it says what it takes: exit code 64', async () => {
  expect(await databox(['test'])).toMatchObject({ code: 64, err: expect.stringContaining('--network') as string });
});

test('where manifests and images come from: each host once, folders not, Docker Hub where it is', () => {
  const flags = { 'appstore.repositories': 'https://a.example/x,https://a.example:443/y,/srv/manifests,https://b.example:8443/z' }; // prettier-ignore
  expect(destinations(loadConfig({ flags })).map(({ host, port }) => `${host}:${port}`)).toEqual([
    'a.example:443',
    'b.example:8443',
    'registry-1.docker.io:443',
  ]);
});
