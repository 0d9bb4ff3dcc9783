import packet, { type RecordType } from 'dns-packet';
import type { Vantage } from './inside.ts';

/** `silence`, or the rcode with the addresses answered. */
export type DnsAnswer = { rcode: string; addresses: string[] };

/** Asks a server for each name over UDP, from a network. */
export async function askDns(
  from: Vantage,
  server: string,
  names: readonly (string | { name: string; type: RecordType })[],
): Promise<DnsAnswer[]> {
  const probes = names.map((asked, id) => {
    const { name, type } = typeof asked === 'string' ? { name: asked, type: 'A' as const } : asked;
    const query = packet.encode({ type: 'query', id, flags: packet.RECURSION_DESIRED, questions: [{ type, name }] });
    return { kind: 'udp' as const, address: server, port: 53, hex: query.toString('hex'), timeout: 2 };
  });
  return (await from.send(probes)).map(({ data, answer }) => {
    if (data === undefined) return { rcode: answer === 'timeout' ? 'silence' : answer, addresses: [] };
    const { rcode, answers = [] } = packet.decode(Buffer.from(data, 'hex')) as packet.DecodedPacket & { rcode: string };
    return { rcode, addresses: answers.flatMap((one) => (one.type === 'A' ? [one.data] : [])) };
  });
}
