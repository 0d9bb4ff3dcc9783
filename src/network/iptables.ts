/** iptables — the firewall's own tools, of the backend (nft or legacy) that Docker uses. */
import { Failure } from '../base/errors.ts';
import { run, type RunOptions } from '../base/run.ts';
import { hasDocker, parseSave, type Saved } from './restore.ts';

const backends = ['iptables', 'iptables-nft', 'iptables-legacy'] as const;
export type Backend = (typeof backends)[number];
/** The backend of this name; the first for a name that is none. */
export const backendOf = (name: string): Backend => backends.find((backend) => backend === name) ?? backends[0];
export type Family = 4 | 6;
/** Another program may hold the lock of the legacy tables for a while. */
const lockSeconds = '10';
const refused: RunOptions = { code: 'network.refused' };

/**
 * Finds the iptables that Docker uses.
 * @throws Failure `network.refused` when no backend shows Docker's DOCKER-USER chain and the jump to it
 */
export async function findBackend(): Promise<Backend> {
  const tried: string[] = [];
  for (const backend of backends) {
    try {
      if (hasDocker(await save(backend, 4))) return backend;
      tried.push(`${backend}: no DOCKER-USER chain with a jump from FORWARD`);
    } catch (err) {
      tried.push(`${backend}: ${err instanceof Error ? err.message : String(err)}`);
    }
  }
  throw new Failure(
    'network.refused',
    'Docker’s firewall is not visible: is the Docker engine running, with its iptables option on?',
    { tried },
  );
}

/** Whether it writes nftables underneath, which notify of changes. */
export const isNft = async (backend: Backend): Promise<boolean> =>
  (await run(backend, ['--version'])).includes('nf_tables');

const tool = (backend: Backend, family: Family, verb: 'save' | 'restore'): string =>
  `${family === 6 ? backend.replace('ip', 'ip6') : backend}-${verb}`;

export const save = async (backend: Backend, family: Family): Promise<Saved> =>
  parseSave(await run(tool(backend, family, 'save'), [], refused));

export async function restore(backend: Backend, family: Family, text: string): Promise<void> {
  if (text === '') return;
  await run(tool(backend, family, 'restore'), ['--noflush', '-w', lockSeconds], { ...refused, input: text });
}
