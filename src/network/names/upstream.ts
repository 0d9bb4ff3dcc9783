/**
 * upstream — asks the house's name server for the IPv4 addresses of an agreed name. Only the servers it is given, one
 * after the other; never another.
 */
import { randomInt } from 'node:crypto';
import { createSocket } from 'node:dgram';
import { connect, isIPv6 } from 'node:net';
import dns from 'dns-packet';
import { isIp, type Ip } from '../../base/ipv4.ts';

export type Server = { address: string; port: number };
/** Addresses in the server's order; `[]`: the name exists without any, `unknown`: it does not exist. Seconds to keep it. */
export type Found = { addresses: Ip[]; unknown: boolean; ttl: number };

const tryMs = 1_500;
/** Stub resolvers give up after 5 s; ours says so before. */
const deadlineMs = 4_000;
const longestChain = 8;
const mostAddresses = 32;

/**
 * @param name canonical, in ASCII
 * @returns why not, when no server gave a usable reply: in 4 s at most, at once when all refuse
 */
export async function lookup(
  name: string,
  servers: readonly Server[],
  signal: AbortSignal,
): Promise<Found | { failed: string }> {
  const deadline = AbortSignal.any([signal, AbortSignal.timeout(deadlineMs)]);
  let failed = 'no name server is known';
  for (const server of servers) {
    if (deadline.aborted) break;
    try {
      return await ask(name, server, deadline);
    } catch (err) {
      failed = `${server.address}: ${(err as Error).message}`;
    }
  }
  return { failed };
}

async function ask(name: string, server: Server, signal: AbortSignal): Promise<Found> {
  const id = randomInt(65_536);
  const query = dns.encode({ type: 'query', id, flags: dns.RECURSION_DESIRED, questions: [{ type: 'A', name }] });
  const expected = (message: Buffer) => replyTo(message, { id, name });
  const exchange = { query, server, expected, signal: AbortSignal.any([signal, AbortSignal.timeout(tryMs)]) };
  const first = await overUdp(exchange);
  const reply = first.flag_tc ? await overTcp(exchange) : first;
  if (reply.rcode === 'NXDOMAIN') return { addresses: [], unknown: true, ttl: 0 };
  if (reply.rcode !== 'NOERROR') throw new Error(`the name server says ${reply.rcode}`);
  return follow(reply, name);
}

// dns-packet's types leave out what its decoder adds.
type Reply = dns.DecodedPacket & { rcode: string; flag_tc: boolean };

/** The reply, if it is one to this very question: others are forged or late, and not looked at. */
function replyTo(message: Buffer, { id, name }: { id: number; name: string }): Reply | undefined {
  if (message.length < 12 || message.readUInt16BE(0) !== id || (message[2] ?? 0) >> 3 !== 0x10) return undefined;
  try {
    const reply = dns.decode(message) as Reply;
    const [question, ...more] = reply.questions ?? [];
    const same = question?.type === 'A' && question.class === 'IN' && question.name.toLowerCase() === name;
    return same && more.length === 0 ? reply : undefined;
  } catch {
    return undefined; // unreadable is as good as not sent: the time-out speaks
  }
}

/** Follows aliases from the name asked; records of other names are extras that nobody asked for. */
function follow({ answers = [] }: Reply, name: string): Found {
  let [at, ttl] = [name, Infinity];
  for (let step = 0; step <= longestChain; step++) {
    const here = answers.filter((record) => record.name.toLowerCase() === at);
    const found = here.filter(isA).slice(0, mostAddresses);
    ttl = here.reduce((least, record) => Math.min(least, 'ttl' in record ? (record.ttl ?? 0) : 0), ttl);
    if (found.length > 0) return { addresses: found.map(({ data }) => data).filter(isIp), unknown: false, ttl };
    const alias = here.find(isAlias);
    if (!alias) break;
    at = alias.data.toLowerCase();
  }
  return { addresses: [], unknown: false, ttl: 0 };
}

const isA = (record: dns.Answer): record is dns.StringAnswer => record.type === 'A';
const isAlias = (record: dns.Answer): record is dns.StringAnswer => record.type === 'CNAME';

type Exchange = {
  query: Buffer;
  server: Server;
  expected: (message: Buffer) => Reply | undefined;
  signal: AbortSignal;
};

/** A socket of its own per question: a fresh port each, and connected, so that the kernel drops other senders. */
async function overUdp({ query, server, expected, signal }: Exchange): Promise<Reply> {
  const { promise, resolve, reject } = Promise.withResolvers<Reply>();
  const socket = createSocket(isIPv6(server.address.split('%')[0] ?? '') ? 'udp6' : 'udp4');
  const end = () => reject(new Error('the name server takes too long'));
  signal.addEventListener('abort', end, { once: true });
  try {
    socket.on('error', reject).on('message', (message) => {
      const reply = expected(message);
      if (reply) resolve(reply);
    });
    // By its event: a callback is called without a route too, and what it then sends would end the process.
    socket.once('connect', () => socket.send(query)).connect(server.port, server.address);
    if (signal.aborted) end();
    return await promise;
  } finally {
    signal.removeEventListener('abort', end);
    socket.close();
  }
}

/** For replies that do not fit a datagram. */
async function overTcp({ query, server, expected, signal }: Exchange): Promise<Reply> {
  const socket = connect({ host: server.address, port: server.port, signal });
  try {
    socket.on('error', () => undefined); // the loop below throws it
    socket.write(Buffer.concat([Buffer.from([query.length >> 8, query.length & 255]), query]));
    let heard = Buffer.alloc(0);
    for await (const chunk of socket as AsyncIterable<Buffer>) {
      heard = Buffer.concat([heard, chunk]);
      if (heard.length < 2 || heard.length < 2 + heard.readUInt16BE(0)) continue;
      const reply = expected(heard.subarray(2, 2 + heard.readUInt16BE(0)));
      if (reply) return reply;
      break;
    }
    throw new Error('the name server’s long reply cannot be read');
  } finally {
    socket.destroy();
  }
}
