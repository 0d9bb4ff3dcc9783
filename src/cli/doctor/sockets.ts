/** sockets — who listens on this machine, from /proc. */
import { readdir, readlink } from 'node:fs/promises';
import { join } from 'node:path';
import { type Machine, textOf } from './machine.ts';

type Root = Pick<Machine, 'root'>;
export type Listening = {
  /** IPv4 text, `::`, or `six` for another IPv6 address. */
  address: string;
  port: number;
  inode: string;
};
export type Holder = { pid: number; name: string };

const listenState = '0A';
/** An open UDP socket without a peer. */
const udpState = '07';

/** TCP listeners or open UDP sockets. */
export async function listening(machine: Root, protocol: 'tcp' | 'udp'): Promise<Listening[]> {
  const wanted = protocol === 'tcp' ? listenState : udpState;
  const tables = await Promise.all([protocol, `${protocol}6`].map((name) => textOf(machine, `/proc/self/net/${name}`)));
  return tables.flatMap((text) =>
    text
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state]) => state === wanted)
      .map(([, local = '', , , , , , , , inode = '']) => {
        const [address = '', port = ''] = local.split(':');
        return { address: addressOf(address), port: parseInt(port, 16), inode };
      }),
  );
}

/** Words of four bytes, each in the order of the machine; every machine that we run on is little-endian. */
function addressOf(hex: string): string {
  const four = (word: string) => (word.match(/../g) ?? []).reverse().map((byte) => parseInt(byte, 16)).join('.'); // prettier-ignore
  if (hex.length === 8) return four(hex);
  if (/^0+$/.test(hex)) return '::';
  return hex.startsWith('0000000000000000FFFF0000') ? four(hex.slice(24)) : 'six';
}

/** Whether a socket on `held` keeps another from listening on `wanted`, the port being the same. */
export const clashes = (held: string, wanted: string): boolean =>
  held === '0.0.0.0' || held === '::' || held === wanted || (wanted === '0.0.0.0' && held !== 'six');

/** The processes that have one of these sockets open; those of other users only for root. */
export async function holdersOf(machine: Root, inodes: readonly string[]): Promise<Holder[]> {
  const wanted = new Set(inodes.map((inode) => `socket:[${inode}]`));
  const pids = (await readdir(join(machine.root, 'proc'))).filter((name) => /^\d+$/.test(name));
  const found = await Promise.all(
    pids.map(async (pid) => {
      const fds = join(machine.root, 'proc', pid, 'fd');
      for (const fd of await readdir(fds).catch(() => [])) {
        if (wanted.has(await readlink(join(fds, fd)).catch(() => ''))) return [await holder(machine, pid)];
      }
      return [];
    }),
  );
  return found.flat();
}

const holder = async (machine: Root, pid: string): Promise<Holder> => ({
  pid: Number(pid),
  name: (await textOf(machine, `/proc/${pid}/comm`)).trim() || 'a process',
});

/** The processes behind a Unix socket; the connections that it took have its path too. */
export async function holdersOfPath(machine: Root, path: string): Promise<Holder[]> {
  const lines = (await textOf(machine, '/proc/self/net/unix')).split('\n').map((line) => line.split(/\s+/));
  const inodes = lines.filter((fields) => fields[7] === path).map((fields) => fields[6] ?? '');
  return inodes.length === 0 ? [] : holdersOf(machine, inodes);
}
