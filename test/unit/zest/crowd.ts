/**
 * A process with many clients of one store, each with a socket of its own. Argument: `Crowd` as JSON. Each line of standard input,
 * `Round` as JSON, lets every client ask; the line that is said then is `Outcome`.
 */
import { createInterface } from 'node:readline';
import { curveKeyPair, Dealer } from 'zeromq';
import { frameOf, readReply, wellKnown } from './raw.ts';

export type Crowd = { port: number; post: string; get: string; from: number; clients: number };
/** Each client makes so many requests, an even number, or as many as it can until then. */
export type Round = { requests: number; maxMs: number };
export type Outcome = { answered: number; faults: string[] };

const mostFaults = 10;
const { port, post, get, from, clients } = JSON.parse(process.argv[2] ?? '') as Crowd;

type Expected = { code: number; payload: string };

/** Its requests carry a stamp, which comes back with the answer: who is answered twice, or for another, notices. */
function createClient(name: string) {
  const { publicKey, secretKey } = curveKeyPair();
  const curve = { curveServerKey: wellKnown.publicKey, curvePublicKey: publicKey, curveSecretKey: secretKey };
  const socket = new Dealer({ ...curve, linger: 0, receiveTimeout: 60_000 });
  socket.connect(`tcp://127.0.0.1:${port}`);
  const waiting = new Map<string, Expected>();
  let turn = 0;
  const send = (request: string, call: { token: string; body?: string }, expected: Expected): Promise<void> => {
    const stamp = `${name}.${turn++}`;
    waiting.set(stamp, expected);
    return socket.send([stamp, '', frameOf(request, call)]);
  };
  const receive = async (): Promise<void> => {
    const [stamp = '', empty, frame = Buffer.alloc(0)] = await socket.receive();
    const expected = waiting.get(stamp.toString());
    if (!expected || empty?.length !== 0)
      throw new Error(`${name} was answered what it did not ask: ${stamp.toString()}`);
    waiting.delete(stamp.toString());
    const { code, payload } = readReply(frame);
    if (code !== expected.code || payload !== expected.payload) {
      throw new Error(`${stamp.toString()} was answered ${code} ${payload}, not ${expected.code} ${expected.payload}`);
    }
  };
  return {
    /** A write, and a read of it that does not wait for the answer. */
    pair: async (): Promise<void> => {
      const path = `/kv/${name}/k${turn % 8}`;
      const body = `{"client":"${name}","turn":${turn},"filling":"${'x'.repeat(turn % 500)}"}`;
      await send(`POST ${path}`, { token: post, body }, { code: 65, payload: '' });
      await send(`GET ${path}`, { token: get }, { code: 69, payload: body });
      await receive();
      await receive();
    },
  };
}

const all = Array.from({ length: clients }, (_, at) => createClient(`c${from + at}`));

async function run({ requests, maxMs }: Round): Promise<Outcome> {
  const end = performance.now() + maxMs;
  const faults: string[] = [];
  let answered = 0;
  const work = async ({ pair }: (typeof all)[number]): Promise<void> => {
    try {
      for (let made = 0; made < requests && performance.now() < end; made += 2) {
        await pair();
        answered += 2;
      }
    } catch (err) {
      if (faults.length < mostFaults) faults.push((err as Error).message);
    }
  };
  await Promise.all(all.map(work));
  return { answered, faults };
}

for await (const line of createInterface({ input: process.stdin })) {
  console.log(JSON.stringify(await run(JSON.parse(line) as Round)));
}
process.exit();
