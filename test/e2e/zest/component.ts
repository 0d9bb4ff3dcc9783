/**
 * A component of the original: runs in a container with what that has, and knows the protocol from its description alone. Obeys
 * JSON lines `{"id", "do", …}` and answers `{"id", "value"}`; what it is told comes as `{"told", "code", "payload"}`.
 */
import { readFileSync, readdirSync, statSync } from 'node:fs';
import { hostname } from 'node:os';
import { createInterface } from 'node:readline';
import { connect, listen, type Call, type Reply } from '../../unit/zest/raw.ts';

/** `{KEY}` as a token stands for the component's own key, which never leaves its container. */
export type Wish =
  | { do: 'find' }
  | { do: 'ask'; host: string; port: number; request: string; call?: Call; timeoutMs?: number }
  | { do: 'observe'; host: string; request: string; call: Call };

const secrets = '/run/secrets';
const secret = (name: string): string => readFileSync(`${secrets}/${name}`, 'utf8');
const serverKey = secret('ZMQ_PUBLIC_KEY');

const find = () => ({
  hostname: hostname(),
  env: process.env,
  secrets: Object.fromEntries(
    readdirSync(secrets)
      .filter((name) => !name.startsWith('.'))
      .map((name) => [name, { mode: statSync(`${secrets}/${name}`).mode & 0o777, text: secret(name) }]),
  ),
});

/** One socket for one request, as the newer library of Node has it. `null`: no answer within the time. */
async function ask({
  host,
  port,
  request,
  call = {},
  timeoutMs = 30_000,
}: Wish & { do: 'ask' }): Promise<Reply | null> {
  using client = connect({ host, port, pushPort: port + 1 }, serverKey);
  client.socket.receiveTimeout = timeoutMs;
  const token = call.token === '{KEY}' ? secret('ARBITER_TOKEN') : (call.token ?? '');
  try {
    return await client.ask(request, { host: hostname(), ...call, token });
  } catch (err) {
    if ((err as { code?: string }).code === 'EAGAIN') return null;
    throw err;
  }
}

async function observe({ host, request, call }: Wish & { do: 'observe' }) {
  const reply = await ask({ do: 'ask', host, port: 5555, request, call: { observe: '', ...call } });
  if (reply?.code !== 69) return { code: reply?.code };
  const identity = reply.payload;
  const place = { host, port: 5555, pushPort: 5556 };
  const { socket, next } = listen(place, { identity, key: reply.options.get(2048)?.toString() ?? '' });
  socket.receiveTimeout = -1;
  const loop = async (): Promise<never> => {
    for (;;) {
      const { code, payload } = await next();
      console.log(JSON.stringify({ told: identity, code, payload }));
    }
  };
  void loop();
  return { code: 69, identity };
}

async function obey(wish: Wish): Promise<unknown> {
  if (wish.do === 'find') return find();
  if (wish.do === 'observe') return observe(wish);
  const reply = await ask(wish);
  return reply && { code: reply.code, payload: reply.payload };
}

createInterface({ input: process.stdin })
  .on('line', (line) => {
    const { id, ...wish } = JSON.parse(line) as { id: number } & Wish;
    obey(wish).then(
      (value) => console.log(JSON.stringify({ id, value })),
      (err: unknown) => console.log(JSON.stringify({ id, error: String(err) })),
    );
  })
  // `docker exec` leaves its program running when its caller goes.
  .on('close', () => process.exit(0));
