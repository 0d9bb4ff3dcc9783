/** Runs in a container: sends megabytes over one connection, or opens connections; prints the rate. */
import { lookup } from 'node:dns/promises';
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';

const [mode = '', host = '', port = '', amount = ''] = process.argv.slice(-4);

/** Looked up once: what a name costs is not what a connection costs, and plain rules have no names. */
const { address } = await lookup(host, { family: 4 });

async function open(): Promise<Socket> {
  const socket = connect({ host: address, port: Number(port), allowHalfOpen: true });
  await once(socket, 'connect');
  return socket;
}

/** MiB a second, from the first byte sent until the other side has said that the last one arrived. */
async function transfer(megabytes: number): Promise<number> {
  const block = Buffer.alloc(1 << 20, 7);
  const socket = await open();
  const start = performance.now();
  for (let sent = 0; sent < megabytes; sent++) if (!socket.write(block)) await once(socket, 'drain');
  socket.end();
  const [count] = (await once(socket, 'data')) as [Buffer];
  if (Number(count) !== megabytes << 20) throw new Error(`${count.toString()} bytes arrived`);
  return (megabytes * 1000) / (performance.now() - start);
}

/** Connections a second, with 16 under way. */
async function connections(count: number): Promise<number> {
  const start = performance.now();
  let begun = 0;
  const opener = async () => {
    while (begun++ < count) (await open()).resetAndDestroy();
  };
  await Promise.all(Array.from({ length: 16 }, opener));
  return (count * 1000) / (performance.now() - start);
}

console.log(await (mode === 'transfer' ? transfer : connections)(Number(amount)));
