import type { IncomingMessage } from 'node:http';
import { hostname, networkInterfaces } from 'node:os';
import { Failure } from '../../base/errors.ts';
import { peerIp } from '../../base/ipv4.ts';

/**
 * Refuses a request that was sent to another name than one of this box: a page of `evil.example` whose name now
 * points here (DNS rebinding) would otherwise count as same-origin.
 * @param name the configured host name; the machine's own, with and without `.local`, loopback names and every address
 *   of the machine count too
 * @throws Failure `host.refused`
 */
export function checkHost(req: IncomingMessage, name: string | undefined): void {
  const host = hostOf(req.headers.host);
  if (host === undefined || !ownHosts(req, name).has(host)) {
    throw new Failure(
      'host.refused',
      'this is not a name or address of this box; use its address, or set owner.host-name',
    );
  }
}

/** Whether a URL's host is this box, seen from this request. */
export const isOwnHost = (host: string, req: IncomingMessage, name: string | undefined): boolean =>
  ownHosts(req, name).has(hostOf(host) ?? '');

function ownHosts(req: IncomingMessage, configured: string | undefined): ReadonlySet<string> {
  const names = [hostname(), ...(configured === undefined ? [] : [configured])].map((name) => name.toLowerCase());
  const addresses = Object.values(networkInterfaces()).flatMap((list) => (list ?? []).map(({ address }) => address));
  return new Set([
    ...names.flatMap((name) => [name, `${name}.local`]),
    ...['localhost', '127.0.0.1', '::1', peerIp(req.socket.localAddress)],
    ...addresses.map((address) => address.replace(/%.*$/, '')),
  ]);
}

/** The host of a `Host` header or authority without its port, lower-case; `undefined` for what is none. */
function hostOf(authority: string | undefined): string | undefined {
  const parts = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9._-]+?)\.?)(?::\d{1,5})?$/i.exec(authority ?? '');
  return (parts?.[1] ?? parts?.[2])?.toLowerCase();
}

/**
 * Refuses what a page of another origin sends. Scripts and phones send neither `Origin` nor `Sec-Fetch-Site`.
 * @param changes whether the request may change something: then only same-origin will do. Otherwise a person may also
 *   follow a link from elsewhere
 * @throws Failure `origin.refused`
 */
export function checkOrigin(req: IncomingMessage, changes: boolean): void {
  const { origin, host } = req.headers;
  if (origin !== undefined && origin.toLowerCase() !== `https://${host ?? ''}`.toLowerCase()) throw refused();
  const site = req.headers['sec-fetch-site'];
  if (site === undefined || site === 'same-origin') return;
  if (changes || !isNavigation(req)) throw refused();
}

const refused = (): Failure => new Failure('origin.refused', 'a page of another origin may not do this');

/** Somebody typed the address or followed a link. */
const isNavigation = ({ method, headers }: IncomingMessage): boolean =>
  (method === 'GET' || method === 'HEAD') &&
  headers['sec-fetch-mode'] === 'navigate' &&
  headers['sec-fetch-dest'] === 'document';
