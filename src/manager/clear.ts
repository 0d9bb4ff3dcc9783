/** clear — takes away the containers of a box, while no manager runs. */
import type { Config } from '../base/config.ts';
import { Failure } from '../base/errors.ts';
import { createDocker } from './docker.ts';

/**
 * Removes every container of a box with its anonymous volumes. Images stay: they are programs.
 * @param box    its id; null: of any box whose containers this engine has, since the id could not be read
 * @param report called with each step
 * @returns      names of the containers that were there
 * @throws Failure `docker.unavailable`, `docker.failed`
 */
export async function clearContainers(o: { config: Config; box: string | null; report: (step: string) => void }) {
  const docker = createDocker({ host: o.config['docker.host'], box: o.box });
  const containers = await docker.containers();
  for (const { id, name } of containers) {
    o.report(`Container ${name}`);
    await docker.remove(id);
  }
  return containers.map(({ name }) => name);
}

/** @throws Failure `docker.unavailable` */
export async function refuseWithoutEngine(config: Config): Promise<void> {
  if (await createDocker({ host: config['docker.host'], box: null }).isAlive()) return;
  throw new Failure('docker.unavailable', 'the Docker engine does not answer; without it containers would stay');
}
