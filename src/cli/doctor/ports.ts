/** ports — whether the ports that Databox listens on are free, or its own already. */
import { connect } from 'node:net';
import { dirname } from 'node:path';
import { flagOf } from '../../base/settings.ts';
import { type Check, type Finding, needsRoot, ok, once, problem, warning } from './check.ts';
import { mountOf, nearest } from './disk.ts';
import type { Machine } from './machine.ts';
import { clashes, type Holder, holdersOf, holdersOfPath, type Listening, listening } from './sockets.ts';

export function portChecks(machine: Machine): Check[] {
  const own = once(() => holdersOfPath(machine, machine.socketPath));
  return [
    { name: 'ports.https', look: () => owners(machine, 'owner.https-port', own) },
    { name: 'ports.http', look: () => owners(machine, 'owner.http-port', own) },
    { name: 'ports.names', look: () => names(machine, own) },
    { name: 'ports.admin', look: () => admin(machine) },
  ];
}

type Own = () => Promise<Holder[]>;

async function owners(machine: Machine, setting: 'owner.https-port' | 'owner.http-port', own: Own): Promise<Finding> {
  const [port, address] = [machine.config[setting], machine.config['owner.address']];
  if (port === 0) return ok('any free port is taken');
  const held = (await listening(machine, 'tcp')).filter((each) => each.port === port && clashes(each.address, address));
  if (held.length === 0) return ok(`port ${port} is free`);
  const holders = await holdersOf(machine, held.map(({ inode }) => inode)); // prettier-ignore
  const box = (await own()).map(({ pid }) => pid);
  if (holders.length > 0 && holders.every(({ pid }) => box.includes(pid))) return ok(`port ${port} is Databox’ own`);
  if (holders.length === 0 && !machine.isRoot) return needsRoot(`another user’s process holds port ${port}`);
  const other = `give Databox another port: ${flagOf(setting)} ${port === 443 ? 8_443 : port === 80 ? 8_080 : port + 1}`;
  return problem('config.invalid', `${said(holders)} holds port ${port}`, `${ending(holders, port)}, or ${other}.`);
}

const said = ([first, ...more]: readonly Holder[]): string =>
  first ? `${first.name} (pid ${first.pid})${more.length > 0 ? ' with others' : ''}` : 'a process';

function ending([holder]: readonly Holder[], port: number): string {
  if (!holder) return `See who it is: sudo ss -lntup 'sport = :${port}'`;
  if (holder.name === 'docker-proxy') return `End the container that publishes it: docker ps --filter publish=${port}`;
  const services = /^(nginx|apache2|lighttpd|caddy|haproxy|traefik|dnsmasq|named|unbound|pihole-FTL)$/;
  if (services.test(holder.name)) return `End it: sudo systemctl disable --now ${holder.name}`;
  return `End it: sudo kill ${holder.pid}, and the service that starts it (systemctl status ${holder.pid} names it)`;
}

const dnsPort = 53;

/** The resolver binds 53 on the gateway of each component network: only who listens on all addresses is in its way. */
async function names(machine: Machine, own: Own): Promise<Finding> {
  const all = await Promise.all((['tcp', 'udp'] as const).map((protocol) => listening(machine, protocol)));
  const isWide = ({ address, port }: Listening) => port === dnsPort && (address === '0.0.0.0' || address === '::');
  const wide = all.flat().filter(isWide);
  const everything = 'nobody listens on port 53 of every address';
  if (wide.length === 0) return ok(everything);
  const holders = await holdersOf(machine, wide.map(({ inode }) => inode)); // prettier-ignore
  const box = (await own()).map(({ pid }) => pid);
  if (holders.length > 0 && holders.every(({ pid }) => box.includes(pid))) return ok(everything);
  if (holders.length === 0 && !machine.isRoot) return needsRoot('another user’s process holds port 53');
  const tame = 'let it listen on chosen addresses only (dnsmasq: bind-interfaces and listen-address=127.0.0.1; named: listen-on; unbound: interface)'; // prettier-ignore
  return problem('config.invalid', `${said(holders)} holds port 53 of every address, where components ask for names`, `${ending(holders, dnsPort)}, or ${tame}.`); // prettier-ignore
}

/** `sun_path` of a Unix socket's address holds as many bytes. */
const longestPath = 107;

async function admin(machine: Machine): Promise<Finding> {
  const { socketPath } = machine;
  const dir = dirname(socketPath);
  const bytes = Buffer.byteLength(socketPath);
  if (bytes > longestPath) return problem('config.invalid', `${socketPath} has ${bytes} bytes; a socket’s path may have ${longestPath}`, 'Choose a shorter one: --run-dir /run/databox.'); // prettier-ignore
  const said = await touch(socketPath);
  if (said === 'EACCES') return needsRoot(socketPath);
  if (said === 'connected') return ok(`Databox answers on ${socketPath}`);
  const mount = await mountOf(machine, await nearest(machine, dir));
  if (mount && !/^(tmpfs|ramfs)$/.test(mount.type)) {
    return warning(`${dir} is on a disk (${mount.type}): keys of components outlive a power cut there`, `Mount it in memory: sudo mkdir -p ${dir} && sudo mount -t tmpfs -o mode=700 tmpfs ${dir}; or choose another: --run-dir DIR.`); // prettier-ignore
  }
  if (said === 'ENOENT') return ok(`${socketPath} is free`);
  return ok(`${socketPath} is left over from a crash; a start replaces it`);
}

async function touch(path: string): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<string>();
  const socket = connect(path, () => resolve('connected'));
  socket.on('error', (err: NodeJS.ErrnoException) => resolve(err.code ?? 'refused'));
  return promise.finally(() => socket.destroy());
}
