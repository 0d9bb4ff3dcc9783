import { createSocket } from 'node:dgram';
import { createServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import packet, { type DecodedPacket, type Packet, type StringAnswer } from 'dns-packet';

/** What a name answers: addresses (`[]`: the name exists without any), or a silence of `delayMs` before. */
export type NameRecord = { addresses: string[]; ttl?: number; delayMs?: number };
export type Query = { name: string; type: string; from: string };

export type Names = {
  /** Names not in the zone answer NXDOMAIN. Names are compared in lower case. */
  setNames(zone: Record<string, NameRecord>): void;
  /** Every query since the start, in order. */
  queries(): Query[];
};

/** An authoritative DNS server over UDP and TCP on port 53 of one address. */
export async function createNames(address: string): Promise<Names> {
  const zone = new Map<string, NameRecord>();
  const queries: Query[] = [];
  const answer = async (asked: Buffer, from: string): Promise<Packet | undefined> => {
    const query = packet.decode(asked);
    const [question] = query.questions ?? [];
    if (!question) return undefined;
    queries.push({ name: question.name, type: question.type, from });
    const record = zone.get(question.name.toLowerCase());
    if (record?.delayMs) await sleep(record.delayMs);
    return { ...reply(query, record), questions: query.questions ?? [] };
  };
  const udp = createSocket('udp4');
  udp.on('message', (asked, { address: from, port }) => {
    void answer(asked, from).then((said) => said && udp.send(packet.encode(said), port, from));
  });
  const tcp = createServer((socket) => {
    socket.on('error', () => socket.destroy());
    socket.once('data', (asked) => {
      void answer(asked.subarray(2), socket.remoteAddress ?? '').then(
        (said) => said && socket.end(packet.streamEncode(said)),
      );
    });
  });
  await new Promise<void>((done) => udp.bind(53, address, done));
  await new Promise<void>((done) => tcp.listen(53, address, done));
  return {
    setNames(records) {
      zone.clear();
      for (const [name, record] of Object.entries(records)) zone.set(name.toLowerCase(), record);
    },
    queries: () => queries,
  };
}

const authoritative = packet.AUTHORITATIVE_ANSWER;
const nameError = 3;

function reply(query: DecodedPacket, record: NameRecord | undefined): Packet {
  const [question] = query.questions ?? [];
  const flags = authoritative | packet.RECURSION_DESIRED | packet.RECURSION_AVAILABLE | (record ? 0 : nameError);
  const answers = (question?.type === 'A' ? (record?.addresses ?? []) : []).map((data): StringAnswer => ({
    type: 'A',
    name: question?.name ?? '',
    ttl: record?.ttl ?? 0,
    data,
  }));
  return { type: 'response', id: query.id ?? 0, flags, answers };
}
