/** clear — takes away what a network leaves on the machine, while none runs. */
import type { Config } from '../base/config.ts';
import { systemBridge } from './book.ts';
import { cut, openFlows } from './conntrack.ts';
import { createDocker } from './docker.ts';
import { openKernel } from './kernel.ts';
import { removeLink } from './links.ts';
import { loadNative } from './native.ts';
import { aliveSet, markOf } from './rules.ts';

/**
 * Removes the Docker networks of Databox, its bridge, its open flows, and then its firewall rules: the gate is last, as
 * in a stop.
 * @param report called with each step
 * @returns the networks that were there
 * @throws Failure `docker.unavailable`, `docker.failed`, `network.refused`; what is gone then stays gone
 */
export async function clearNetwork(config: Config, report: (step: string) => void): Promise<string[]> {
  const docker = createDocker(config['docker.host']);
  const networks = (await docker.survey()).ours.map(({ name }) => name);
  for (const name of networks) {
    report(`Network ${name}`);
    await docker.remove(name);
  }
  await removeLink(systemBridge);
  report('Firewall rules');
  const native = loadNative();
  for (const flow of openFlows(native, markOf(config['network.mark']))) cut(native, flow);
  await (await openKernel()).remove();
  native.setDestroy(aliveSet);
  return networks;
}
