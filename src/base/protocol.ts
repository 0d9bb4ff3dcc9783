/** protocol — what Node refuses before any route is looked for, as problems: no HTTP, too long, too slow, no host. */
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { Failure, problem } from './errors.ts';
import { sendProblem } from './http.ts';
import { isPatient } from './patience.ts';

/** For `createServer`: the missing host is ours to refuse; what is late is looked for often, not every half minute. */
export const protocolOptions = { requireHostHeader: false, connectionsCheckingInterval: 2_000 } as const;

type Listener = (req: IncomingMessage, res: ServerResponse) => void;

/** Serves with a handler that sees requests with a host only. @param server made with `protocolOptions` */
export function serveWith(server: Server, handler: Listener): void {
  /** The answers that a connection owes, oldest first. */
  const owed = new WeakMap<Duplex, Set<ServerResponse>>();
  server.on('request', (req: IncomingMessage, res: ServerResponse) => {
    const answers = owed.get(req.socket) ?? new Set();
    owed.set(req.socket, answers.add(res));
    res.once('close', () => answers.delete(res));
    if (req.httpVersion === '1.1' && req.headers.host === undefined) {
      return sendProblem(res, new Failure('request.invalid', 'a request of HTTP/1.1 needs a Host header'));
    }
    handler(req, res);
  });
  server.on('checkExpectation', (_req: IncomingMessage, res: ServerResponse) => {
    sendProblem(res, new Failure('expectation.refused', 'Expect may ask for 100-continue, and for nothing else'));
  });
  server.on('connect', (_req: IncomingMessage, socket: Duplex) => {
    refuse(socket, new Failure('method.refused', 'this is no proxy'));
  });
  server.on('clientError', (err: NodeJS.ErrnoException, socket: Duplex) => {
    if (err.code === 'ECONNRESET') return void socket.destroy();
    const answers = [...(owed.get(socket) ?? [])];
    const newest = answers.at(-1);
    if (err.code === 'ERR_HTTP_REQUEST_TIMEOUT' && newest && isPatient(newest.req)) return;
    // Answers go out in the order of requests; what is broken comes after those that were whole.
    if (newest?.req.complete) newest.once('close', () => refuse(socket, failureOf(err)));
    // Behind the beginning of an answer, another one would be read as its body.
    else if (answers.length > 1 || newest?.headersSent) socket.destroy();
    else refuse(socket, failureOf(err));
  });
}

function failureOf({ code = '' }: NodeJS.ErrnoException): Failure {
  if (code === 'HPE_HEADER_OVERFLOW') return new Failure('request.too-large', 'the headers are too long');
  if (code === 'HPE_CHUNK_EXTENSIONS_OVERFLOW')
    return new Failure('body.too-large', 'the chunk extensions are too long');
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') return new Failure('request.timeout', 'the request did not come in time');
  return new Failure('request.invalid', 'this is not HTTP/1.1');
}

/** Time that a refused caller has to take its answer. */
const farewellMs = 1_000;

/** Answers on the bare connection, and ends it. */
function refuse(socket: Duplex, failure: Failure): void {
  // Before a handshake is done nothing can be said: the words would wait for its end, and the connection with them.
  if (!socket.writable || ('secureConnecting' in socket && socket.secureConnecting === true))
    return void socket.destroy();
  const body = problem(failure);
  const text = JSON.stringify(body);
  const head = [
    `HTTP/1.1 ${body.status} ${failure.code}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(text)}`,
    'connection: close',
  ];
  socket.on('error', () => socket.destroy());
  setTimeout(() => socket.destroy(), farewellMs).unref();
  socket.end(`${head.join('\r\n')}\r\n\r\n${text}`, () => socket.destroy());
}
