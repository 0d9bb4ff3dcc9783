import type { Express } from 'express';
import { z } from 'zod';
import { Failure } from '../../base/errors.ts';
import { sendJson, validate } from '../../base/http.ts';
import { isCidr, isIp } from '../../base/ipv4.ts';
import type { Network, Peer } from '../../network/index.ts';
import { jsonOf } from './json-body.ts';
import type { AdminParts } from './types.ts';

const name = z.string().min(1).max(253);
const ip = z.string().refine(isIp, 'must be an address without a prefix length');
export const Connect = z.strictObject({ name, peers: z.array(name).max(100) });
export const Disconnect = z.strictObject({
  name,
  ip: z.string().refine(isCidr, 'must be an address with a prefix length'),
});
export const Restart = z.strictObject({ name, old_ip: ip, new_ip: ip });
export const Privileged = z.strictObject({ src_ip: ip });

/**
 * `GET /network`, and the five calls of the original's network service. Root may connect and disconnect by hand; two
 * of the five have nothing left to do, because addresses never change and nobody is above the tables: they accept what
 * is true already and refuse the rest.
 */
export function networkCalls(app: Express, { network, stores, manager }: AdminParts): void {
  app.get('/network', async (_req, res) => {
    sendJson(res, 200, { ...(await network.view()), excess: manager.excess() });
  });
  app.get('/network/status', (_req, res) => void res.type('text/plain').send('active'));
  app.post('/network/connect', async (req, res) => {
    const { name: component, peers } = validate(Connect, await jsonOf(req));
    const known = new Set((await network.view()).components.map((each) => each.name));
    const services = new Set(['arbiter', 'export-service', 'container-manager', ...stores.names()]);
    await network.connect(
      component,
      peers.map((peer): Peer => peerOf(peer, { known, services })),
    );
    sendJson(res, 200, {});
  });
  app.post('/network/disconnect', async (req, res) => {
    await network.disconnect(validate(Disconnect, await jsonOf(req)).name);
    sendJson(res, 200, {});
  });
  app.post('/network/restart', async (req, res) => {
    const { name: component, new_ip: address } = validate(Restart, await jsonOf(req));
    if ((await placeOf(network, component)).address !== address) throw refused('addresses of components never change');
    sendJson(res, 200, {});
  });
  app.post('/network/privileged', async (req, res) => {
    const { src_ip: source } = validate(Privileged, await jsonOf(req));
    const managers = (await network.view()).components.map(({ place }) => place.managerAddress);
    if (!managers.includes(source)) throw refused('only the manager’s own addresses are above the tables');
    sendJson(res, 200, {});
  });
}

function peerOf(peer: string, o: { known: ReadonlySet<string>; services: ReadonlySet<string> }): Peer {
  if (o.services.has(peer)) return { kind: 'service', name: peer };
  if (o.known.has(peer)) return { kind: 'component', name: peer };
  const ports = [80, 443].map((port) => ({ protocol: 'tcp' as const, port }));
  return { kind: 'external', host: peer, ports };
}

async function placeOf(network: Network, component: string) {
  const found = (await network.view()).components.find((each) => each.name === component);
  if (!found) throw new Failure('component.unknown', `there is no component ${component}`, { component });
  return found.place;
}

const refused = (title: string): Failure => new Failure('permission.refused', title);
