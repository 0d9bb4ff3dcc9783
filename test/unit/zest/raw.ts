/** A Zest client that knows the protocol from its description alone: nothing of ours is in it. */
import { curveKeyPair, Dealer, Request } from 'zeromq';

/** The pair that the defaults of all clients of the original know. */
export const wellKnown = {
  secretKey: 'EKy(xjAnIfg6AT+OGd?nS1Mi5zZ&b*VXA@WxNLLE',
  publicKey: 'vl6wu0A@XP?}Or/&BR#LSxn>A+}L)p44/W[wXL3<',
};

/** `host`: where it is, 127.0.0.1 unless told; `from`: the address to call from. */
export type Place = { port: number; pushPort: number; host?: string; from?: string };
export type Call = {
  token?: string;
  host?: string;
  /** 0 text, 42 binary, 50 JSON. */
  format?: number;
  body?: string | Buffer;
  /** Present: an observation. */
  observe?: string;
  maxAge?: number;
};
export type Reply = { code: number; options: Map<number, Buffer>; payload: string; bytes: Buffer };

const methods: Record<string, number> = { GET: 1, POST: 2, DELETE: 4 };
const short = (value: number): Buffer => Buffer.from([value >> 8, value & 255]);
const long = (value: number): Buffer =>
  Buffer.from([value >>> 24, (value >> 16) & 255, (value >> 8) & 255, value & 255]);
const option = (number: number, value: Buffer): Buffer => Buffer.concat([short(number), short(value.length), value]);

/** @param request  `GET /kv/a/b` */
export function frameOf(request: string, call: Call = {}): Buffer {
  const { token = 'app', host = 'app1', format = 50, body = '', observe, maxAge } = call;
  const [method = '', path = ''] = [request.slice(0, request.indexOf(' ')), request.slice(request.indexOf(' ') + 1)];
  const options = [
    option(11, Buffer.from(path)),
    option(3, Buffer.from(host)),
    ...(observe === undefined ? [] : [option(6, Buffer.from(observe))]),
    option(12, short(format)),
    ...(observe === undefined && maxAge === undefined ? [] : [option(14, long(maxAge ?? 0))]),
  ];
  const head = Buffer.from([methods[method] ?? 9, options.length]);
  const text = Buffer.from(token);
  return Buffer.concat([head, short(text.length), text, ...options, Buffer.from(body)]);
}

export function readReply(bytes: Buffer): Reply {
  if (bytes.length < 4 || bytes.readUInt16BE(2) !== 0)
    throw new Error(`no reply, or one with a token: ${bytes.toString('hex')}`);
  const options = new Map<number, Buffer>();
  let at = 4;
  for (let left = bytes.readUInt8(1); left > 0; left--) {
    const end = at + 4 + bytes.readUInt16BE(at + 2);
    if (end > bytes.length) throw new Error('a reply that is cut off');
    options.set(bytes.readUInt16BE(at), bytes.subarray(at + 4, end));
    at = end;
  }
  return { code: bytes.readUInt8(0), options, payload: bytes.subarray(at).toString(), bytes };
}

const endpoint = ({ host = '127.0.0.1', from }: Place, port: number): string =>
  `tcp://${from === undefined ? '' : `${from}:0;`}${host}:${port}`;
const client = { linger: 0, receiveTimeout: 20_000 };
const curve = (serverKey: string) => {
  const { publicKey, secretKey } = curveKeyPair();
  return { curveServerKey: serverKey, curvePublicKey: publicKey, curveSecretKey: secretKey };
};

/** One REQ socket, as the client of Python has it. */
export function connect(place: Place, serverKey = wellKnown.publicKey) {
  const socket = new Request({ ...client, ...curve(serverKey) });
  socket.connect(endpoint(place, place.port));
  const send = async (frame: Buffer): Promise<Reply> => {
    await socket.send(frame);
    const [reply = Buffer.alloc(0)] = await socket.receive();
    return readReply(reply);
  };
  return {
    socket,
    send,
    ask: (request: string, call?: Call) => send(frameOf(request, call)),
    [Symbol.dispose]: () => socket.close(),
  };
}

/** Whoever is no REQ: it may send what it likes, as often as it likes. */
export function dealer(place: Place, serverKey = wellKnown.publicKey, receiveHighWaterMark = 1_000) {
  const socket = new Dealer({ ...client, ...curve(serverKey), receiveHighWaterMark });
  socket.connect(endpoint(place, place.port));
  return {
    send: (...parts: (Buffer | string)[]) => socket.send(parts),
    async codes(count: number): Promise<number[]> {
      const codes: number[] = [];
      while (codes.length < count) codes.push(readReply((await socket.receive()).at(-1) ?? Buffer.alloc(0)).code);
      return codes;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

export type Identity = { identity: string; key: string };

/** The push side of an observation, or of a notify: its identity is what the reply said, or the path. */
export function listen(place: Place, { identity, key }: Identity, receiveHighWaterMark = 1_000) {
  const socket = new Dealer({ ...client, ...curve(key), receiveHighWaterMark, routingId: identity });
  socket.connect(endpoint(place, place.pushPort));
  return {
    socket,
    /** The next message. */
    next: async (): Promise<Reply> => readReply((await socket.receive())[0] ?? Buffer.alloc(0)),
    /** Whether none comes for a while. */
    async silent(ms = 150): Promise<boolean> {
      socket.receiveTimeout = ms;
      const nothing = await socket.receive().then(
        () => false,
        (err: { code?: string }) => err.code === 'EAGAIN',
      );
      socket.receiveTimeout = client.receiveTimeout;
      return nothing;
    },
    [Symbol.dispose]: () => socket.close(),
  };
}

export async function askToObserve(place: Place, path: string, call: Call = {}): Promise<Identity> {
  using asking = connect(place);
  const { code, options, payload } = await asking.ask(`GET ${path}`, { observe: '', ...call });
  if (code !== 69) throw new Error(`observe was answered ${code}`);
  return { identity: payload, key: options.get(2048)?.toString() ?? '' };
}

export async function observe(place: Place, path: string, call: Call = {}) {
  const told = await askToObserve(place, path, call);
  return { ...told, ...listen(place, told) };
}
