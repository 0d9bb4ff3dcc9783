/** facts — what an owner may ask of this machine before a start: the same questions that a start asks, nothing changed. */
import type { Config } from '../base/config.ts';
import { createDocker } from './docker.ts';
import { backendOf, findBackend } from './iptables.ts';
import { machineServers, serverOf } from './names/servers.ts';
import { lookup, type Server } from './names/upstream.ts';
import { choosePool } from './pool.ts';
import { weakSettings } from './sysctl.ts';
import { takenBlocks } from './taken.ts';
import { type Tried, tryKernel } from './trial.ts';

export const facts = {
  /** The iptables of Docker's backend. @throws Failure `network.refused` when Docker's firewall is not visible */
  firewall: findBackend,
  /** Settings of this machine that weaken what the rules do, as sentences. */
  weakSettings,
  /** The name servers that names are asked of. @throws Failure `config.invalid` */
  servers: async (config: Config): Promise<Server[]> => {
    const configured = config['network.upstream'];
    return configured.length > 0 ? configured.map(serverOf) : machineServers();
  },
  lookup,
  /**
   * The address pool that a first start would take.
   * @param withDocker whether Docker answers; else its networks are not looked at
   * @throws Failure `network.overlap`, `config.invalid`
   */
  async pool(config: Config, withDocker: boolean): Promise<string> {
    const foreign = withDocker ? (await createDocker(config['docker.host']).survey()).foreign : [];
    return choosePool({ configured: config['network.address-pool'], taken: await takenBlocks(foreign) });
  },
  /** Tries what a start needs of the kernel: only in a network namespace that is thrown away. */
  tryKernel: (backend: string): Promise<Tried[]> => tryKernel(backendOf(backend)),
};
