/** taken — the blocks that others use here: routes, addresses and Docker's networks, ours left out. */
import type { Block } from './docker.ts';
import { heldAddresses, routedBlocks } from './links.ts';
import type { Taken } from './pool.ts';

/** Bridges of ours, also those that a crash left. */
const ours = /^dbx(0|-[0-9a-f]{8})$/;

/** @param foreign Docker's networks that are not ours, as a survey of them gives */
export async function takenBlocks(foreign: Promise<Block[]> | Block[]): Promise<Taken[]> {
  const [routes, addresses, networks] = await Promise.all([routedBlocks(), heldAddresses(), foreign]);
  return [
    ...networks.map(({ cidr, name }) => ({ cidr, by: `Docker network ${name}` })),
    ...[...addresses]
      .filter(([dev]) => !ours.test(dev))
      .flatMap(([dev, held]) => held.map(({ ip, prefix }) => ({ cidr: `${ip}/${prefix}`, by: `address of ${dev}` }))),
    ...routes.filter(({ dev }) => !ours.test(dev)).map(({ cidr, dev }) => ({ cidr, by: `route via ${dev}` })),
  ];
}
