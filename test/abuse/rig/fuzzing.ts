import { once } from 'node:events';
import type { Duplex } from 'node:stream';
import { connect as connectTls } from 'node:tls';
import { readDocument } from '../../unit/api/document.ts';
import { hammer, needsOthers, share, type Surface } from '../../unit/api/hammer.ts';
import type { Request } from '../../unit/api/requests.ts';
import { openDoorInto } from './door.ts';
import { placeOf, tokenOf } from './estate.ts';
import type { Rig } from './index.ts';

/** A token is used for so long and then asked for anew: it lives an hour. */
const tokenMs = 600_000;
const documents = { store: 'src/store', arbiter: 'src/arbiter', export: 'src/export' } as const;

/**
 * Sends random requests from the address of an app to the doors that it reaches: its own store, the arbiter, the export
 * service. `destination` is one that it agreed. @returns operations of which no request succeeded
 */
export async function fuzzFrom(rig: Rig, name: string, destination: string): Promise<string[]> {
  const [inside, { peers }] = [rig.inside(name), await placeOf(rig, name)];
  const netns = await rig.engine.netns(name);
  await using door = await openDoorInto(`${rig.house.dir}/door-${name}.sock`, (argv) => [
    ...['nsenter', `--net=${netns}`, '--'],
    ...argv,
  ]);
  const store = `${name}-core-store`;
  const at = (host: string) => ({
    host,
    connect: async (): Promise<Duplex> => {
      const socket = await door.connect(peers.get(host) ?? '', 8080);
      const tls = connectTls({ socket, servername: host, rejectUnauthorized: false });
      await once(tls, 'secureConnect');
      return tls;
    },
  });
  const tokens = remembered(async (method) => tokenOf(inside, store, '/*', method));
  const leaving = remembered(async (path) => {
    const route = { target: 'export-service', path, method: 'POST', caveats: [{ destination }] };
    return (await inside.token(route)).body;
  });
  const key = await inside.exec(['/bin/cat', '/run/secrets/ARBITER_TOKEN']);
  const job = { body: { uri: destination, data: '{"a":1}' } };
  const isPlain = (text: string) => ['GET', 'POST', 'DELETE'].includes(text);
  const surfaces: Record<keyof typeof documents, Omit<Surface, 'described'>> = {
    store: {
      ...at(store),
      proof: async ({ method }) => [`x-api-key: ${await tokens(isPlain(method) ? method : 'GET')}`],
      skip: needsOthers,
    },
    arbiter: {
      ...at('arbiter'),
      proof: () => Promise.resolve([`x-api-key: ${key}`]),
      samples: { 'POST /token': { body: { target: store, path: '/*', method: 'GET' } } },
    },
    export: {
      ...at('export-service'),
      proof: async ({ template }: Request) => [`x-api-key: ${await leaving(template)}`],
      samples: { 'POST /export': job, 'POST /lp/export': job },
    },
  };
  const counts = { store: share(120, 40_000), arbiter: share(30, 5_000), export: share(30, 5_000) };
  const never: string[] = [];
  for (const which of ['store', 'arbiter', 'export'] as const) {
    const described = readDocument(`${documents[which]}/openapi.json`);
    never.push(...(await hammer({ described, ...surfaces[which] }, counts[which])));
  }
  return never;
}

function remembered(ask: (what: string) => Promise<string>): (what: string) => Promise<string> {
  const known = new Map<string, { at: number; said: Promise<string> }>();
  return (what) => {
    const recent = known.get(what);
    const fresh =
      recent && performance.now() - recent.at < tokenMs ? recent : { at: performance.now(), said: ask(what) };
    known.set(what, fresh);
    return fresh.said;
  };
}
