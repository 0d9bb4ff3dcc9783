/** authority — the box's two certificate authorities: one the owner's browser trusts, one that components trust. */
import { createPrivateKey, X509Certificate } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { networkInterfaces } from 'node:os';
import { join } from 'node:path';
import ipaddr from 'ipaddr.js';
import type { Tls } from '../base/listen.ts';
import { createLeaf, createRoot, isDue, type Leaf, type Pair } from './certificates.ts';
import { writePrivateFile } from './web/private-file.ts';

export type Authority = {
  /** DATABOX_ROOT_CA. */
  readonly rootPem: string;
  readonly ownerRootPem: string;
  /** A new P-256 certificate for one of the platform's own names. */
  service(name: string): Promise<Leaf>;
  /** A new RSA-2048 certificate for a component. */
  component(name: string): Promise<Leaf>;
  /** The owner's certificate now. */
  ownerTls(): Tls;
  onOwnerRenewed(listener: (tls: Tls) => void): () => void;
  /** Renews the owner's certificate when it is due or the machine's addresses have changed. Call it now and then. */
  renew(): Promise<void>;
};

/** Blocks that can be the box's own: an authority that browsers trust must be worthless for anything outside. */
const privateBlocks = ['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', '169.254.0.0/16', '100.64.0.0/10'];
const loopbackBlocks = ['127.0.0.0/8', '::1/128', 'fc00::/7', 'fe80::/10'];

export type AuthorityOptions = {
  /** Keys (mode 0600) and certificates are kept here. */
  dir: string;
  /** The machine's host name, or the one that the configuration gives it. */
  hostName: string;
  /** Make both authorities anew; whatever the old ones signed is then trusted by nobody. */
  anew?: boolean;
  now?: () => number;
  /** The machine's own addresses. */
  addresses?: () => string[];
};

/**
 * Opens the authorities, creating what is missing. The owner's is made anew when the box's name is not one it may
 * speak for: whoever trusts the old one has to trust the new one.
 */
export async function openAuthority(options: AuthorityOptions): Promise<Authority> {
  const { dir, hostName, anew = false, now = Date.now, addresses = localAddresses } = options;
  const dns = [...new Set([hostName, `${hostName.split('.')[0]}.local`, 'databox.local', 'localhost'])];
  const internal = await root(join(dir, 'internal'), { anew }, () =>
    createRoot({ commonName: 'Databox internal', now: now() }),
  );
  const only = { dns, blocks: [...privateBlocks, ...loopbackBlocks] };
  // The file's name is the box's: another name, another authority.
  const ownerFile = join(dir, `owner-${hostName.replaceAll(/[^a-zA-Z0-9.-]/g, '_')}`);
  const owner = await root(ownerFile, { anew }, () =>
    createRoot({ commonName: `Databox ${hostName}`, now: now(), only }),
  );

  const ips = () => addresses().filter((ip) => isCovered(ip));
  const ownerLeaf = () => createLeaf(owner, { kind: 'ec', names: { dns, ips: ips() }, now: now() });
  let leaf = await ownerLeaf();
  let leafIps = ips().join();
  const listeners = new Set<(tls: Tls) => void>();
  const ownerTls = (): Tls => ({ key: leaf.key, cert: leaf.cert + owner.cert });
  return {
    rootPem: internal.cert,
    ownerRootPem: owner.cert,
    service: (name) => createLeaf(internal, { kind: 'ec', names: own(name), now: now() }),
    component: (name) => createLeaf(internal, { kind: 'rsa', names: own(name), now: now() }),
    ownerTls,
    onOwnerRenewed(listener) {
      listeners.add(listener);
      return () => void listeners.delete(listener);
    },
    async renew() {
      if (!isDue(leaf.notAfter, now()) && ips().join() === leafIps) return;
      leafIps = ips().join();
      leaf = await ownerLeaf();
      for (const listener of listeners) listener(ownerTls());
    },
  };
}

const own = (name: string) => ({ dns: [name], ips: ['127.0.0.1'] });
const isCovered = (ip: string): boolean =>
  [...privateBlocks, ...loopbackBlocks].some((block) => {
    const [address, cidr] = [ipaddr.process(ip), ipaddr.parseCIDR(block)];
    return address.kind() === cidr[0].kind() && address.match(cidr);
  });

/** IPv4 only: link-local IPv6 addresses come and go, and no URL of ours has one. */
const localAddresses = (): string[] =>
  Object.values(networkInterfaces())
    .flatMap((entries) => entries ?? [])
    .filter(({ family }) => family === 'IPv4')
    .map(({ address }) => address)
    .sort();

/** The pair in `<file>.pem` and `<file>.key`, made when either is missing or does not belong to the other. */
async function root(file: string, { anew }: { anew: boolean }, create: () => Promise<Pair>): Promise<Pair> {
  const [certFile, keyFile] = [`${file}.pem`, `${file}.key`];
  if (!anew && existsSync(certFile) && existsSync(keyFile)) {
    const pair = { cert: readFileSync(certFile, 'utf8'), key: readFileSync(keyFile, 'utf8') };
    if (new X509Certificate(pair.cert).checkPrivateKey(createPrivateKey(pair.key))) return pair;
  }
  const pair = await create();
  writePrivateFile(keyFile, pair.key);
  writePrivateFile(certFile, pair.cert);
  return pair;
}
