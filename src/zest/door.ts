/** door — one target's two sockets: requests are answered, observers are told. */
import { Failure } from '../base/errors.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Log } from '../base/log.ts';
import type { Page } from './book.ts';
import { codeOf, isNotify } from './codes.ts';
import { createObservations, type Observations } from './observations.ts';
import { startPush, type Push } from './push.ts';
import { answerFrame, bare, notifyFrame, observeFrame } from './reply.ts';
import { createReader, type Asked } from './request.ts';
import { startServer, type Answering } from './server.ts';
import type { Request, Service } from './service.ts';
import type { Endpoint, Traffic } from './sockets.ts';

export type Door = AsyncDisposable & { readonly port: number; readonly pushPort: number };

type Common = {
  /** What clients call it: the arbiter, or a store. */
  target: string;
  /** Where all that it is asked comes from: ZeroMQ does not tell, so that whoever can connect must be of one address. */
  caller: Ip;
  /** The key that clients know from the beginning; 40 characters of Z85. */
  secretKey: string;
  service: Service;
  /** What it remembers over a restart, and nobody else's. */
  page: Page;
  log: Log;
};

export type DoorOptions = Common & {
  address: string;
  /** 0 takes a free one. Clients make the second out of the first: 5555 and 5556, 4444 and 4445. */
  port: number;
  pushPort: number;
};

/** One of its two sockets: requests, or events. */
export type End = { endpoint: Endpoint; traffic?: Traffic };

/** @throws the system's EADDRINUSE or EADDRNOTAVAIL */
export const startDoor = ({ address, port, pushPort, ...common }: DoorOptions): Promise<Door> =>
  openDoor({
    ...common,
    requests: { endpoint: { address, port } },
    events: { endpoint: { address, port: pushPort } },
  });

/**
 * Serves one target. Who observed it before goes on, without asking again.
 * @throws the system's EADDRINUSE or EADDRNOTAVAIL
 */
export async function openDoor(options: Common & { requests: End; events: End }): Promise<Door> {
  const { target, caller, secretKey, service, page, log } = options;
  const keys = await page.keys();
  await using up = new AsyncDisposableStack();
  // The first up, the last down: an end that is told while the rest stops is still sent.
  const push: Push = up.use(
    await startPush({
      ...{ ...options.events, secretKey: keys.secretKey, log },
      onLost: (identity) => observations.lose(identity),
    }),
  );
  const observations = up.use(createObservations({ target, service, page, push: () => push, log }));
  observations.resume();
  const answer = createAnswer({ service, observations, push, log, caller, publicKey: keys.publicKey });
  const server = up.use(await startServer({ ...options.requests, secretKey, answer, log }));
  const way = up.move();
  return { port: server.port, pushPort: push.port, [Symbol.asyncDispose]: () => way.disposeAsync() };
}

type Parts = {
  service: Service;
  observations: Observations;
  push: Push;
  publicKey: string;
  caller: Ip;
  log: Log;
};

/** Whatever the frame holds, there is one reply. */
function createAnswer({ log, push, ...parts }: Parts): Answering {
  const read = createReader();
  return async (frame, client) => {
    let asked: Asked | undefined;
    let reply: Buffer;
    try {
      asked = read(frame, client);
      const request = requestOf(asked, parts.caller);
      reply = begun(parts, asked, request) ?? answerFrame(await parts.service.ask(request));
    } catch (err) {
      reply = bare(codeOf(err, asked));
      const about = { method: asked?.method, path: asked?.path };
      if (err instanceof Failure) log.debug({ ...about, code: err.code, reason: err.message }, 'zest request refused');
      else log.error({ err, ...about }, 'zest request failed');
    }
    const tried = push.tried();
    if (tried) await tried;
    return reply;
  };
}

const requestOf = ({ method, path, host, token, format, body }: Asked, caller: Ip): Request => ({
  caller,
  method,
  path,
  host,
  token,
  format,
  body,
});

/** @returns the reply to what goes on from here; undefined for what is answered once */
function begun(parts: Omit<Parts, 'log' | 'push'>, asked: Asked, request: Request): Buffer | undefined {
  const { service, observations, publicKey } = parts;
  if (asked.observe) return observeFrame(publicKey, observations.observe(request, asked.observe));
  if (!service.take || !isNotify(asked)) return undefined;
  observations.take(request);
  return notifyFrame(publicKey);
}
