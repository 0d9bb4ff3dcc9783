/** addresses — name servers and the address pool, by the rules of a start. */
import { Failure } from '../../base/errors.ts';
import { destinations } from '../reach.ts';
import { type Check, type Finding, notLooked, ok, problem, warning } from './check.ts';
import { boxStatus, type BoxLook } from './box.ts';
import type { Engine } from './docker.ts';
import type { Machine } from './machine.ts';

const local = 'without it Databox works in the house only';

export const addressChecks = (machine: Machine, engine: Engine, box: BoxLook): Check[] => [
  { name: 'addresses.names', look: (signal) => names(machine, signal) },
  { name: 'addresses.pool', deadlineMs: 40_000, look: () => pool(machine, engine, box) },
];

async function names(machine: Machine, signal: AbortSignal): Promise<Finding> {
  const facts = await machine.network();
  const servers = await facts.servers(machine.config);
  const set = 'name one: --network-upstream ADDRESS, or nameserver ADDRESS in /etc/resolv.conf';
  if (servers.length === 0) return warning(`no name server is known; ${local}`, `Connect the machine (ip address shows its state), or ${set}.`); // prettier-ignore
  const list = servers.map(({ address }) => address).join(', ');
  const [wanted] = destinations(machine.config);
  const host = wanted?.host ?? 'docker.io';
  const found = await facts.lookup(host, servers, signal);
  if ('failed' in found) return warning(`name servers do not answer (${found.failed}); ${local}`, `Look at the network (ping -c 1 ${servers[0]?.address}), or ${set}.`); // prettier-ignore
  if (found.addresses.length > 0) return ok(`${list} know${servers.length === 1 ? 's' : ''} ${host}`);
  return warning(`${list} answer${servers.length === 1 ? 's' : ''}, but know${servers.length === 1 ? 's' : ''} no address of ${host}`, `Correct the setting that names ${host}, or ${set}.`); // prettier-ignore
}

async function pool(machine: Machine, engine: Engine, box: BoxLook): Promise<Finding> {
  const status = await boxStatus(box);
  // Its own networks are in the pool: for a running box the question is settled.
  if (status) return ok(`the running Databox uses ${status.pool}`);
  const withDocker = await engine.isThere();
  try {
    const cidr = await (await machine.network()).pool(machine.config, withDocker);
    return ok(`${cidr} is free${withDocker ? '' : ' (Docker’s networks not looked at)'}`);
  } catch (err) {
    if (!(err instanceof Failure) || err.code === 'docker.failed') throw err;
    if (err.code === 'command.failed') return notLooked('there is no ip command (sudo apt install iproute2)');
    return problem(
      err.code,
      err.message,
      'Choose a free block: --address-pool 10.X.0.0/16; ip route shows those in use.',
    );
  }
}
