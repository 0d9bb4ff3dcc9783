/** lines — clients of a Zest door as the original's are: one REQ socket with CURVE each, which asks and waits. */
import { curveKeyPair, Request } from 'zeromq';
import type { Asks } from '../store/load.ts';

export type Place = { port: number; publicKey: string };

/**
 * @param expected  the code of every answer; undefined: whatever comes is right
 * @returns n lines; disposing ends them all
 */
export function openLines({ port, publicKey }: Place, count: number, expected?: number) {
  const all = Array.from({ length: count }, () => openLine(port, publicKey, expected));
  return { all, [Symbol.dispose]: () => all.forEach((line) => line[Symbol.dispose]()) };
}

function openLine(port: number, serverKey: string, expected?: number): Asks<Buffer> & Disposable {
  const own = curveKeyPair();
  const socket = new Request({
    ...{ curveServerKey: serverKey, curvePublicKey: own.publicKey, curveSecretKey: own.secretKey },
    ...{ linger: 0, receiveTimeout: 60_000 },
  });
  socket.connect(`tcp://127.0.0.1:${port}`);
  return {
    async ask(frame) {
      await socket.send(frame);
      const [answer] = await socket.receive();
      if (expected !== undefined && answer?.[0] !== expected) throw new Error(`the answer was ${answer?.[0]}`);
    },
    [Symbol.dispose]: () => socket.close(),
  };
}
