import { once } from 'node:events';
import { type IncomingMessage, request } from 'node:http';
import { pipeline, type Readable } from 'node:stream';
import { Failure, failureFrom } from '../base/errors.ts';

export type Ask = {
  method?: 'GET' | 'POST' | 'DELETE';
  path: string;
  /** Sent as JSON. */
  body?: unknown;
  /** Sent as it comes, in place of a body. */
  content?: Readable;
  accept?: string;
  /** Hangs up; what was asked for goes on in the box. */
  signal?: AbortSignal | undefined;
};

/** The running Databox, over its admin socket. */
export type Box = {
  /** The JSON of an answer. @throws Failure as the box gave it; `databox.stopped`, `user.refused` */
  ask(ask: Ask): Promise<unknown>;
  /** The answer as it comes. @throws Failure as `ask` */
  open(ask: Ask): Promise<IncomingMessage>;
  /** Lines of an answer as they come. @throws Failure as `ask` */
  lines(ask: Ask): AsyncGenerator<string>;
};

/** @param socketPath of the process; nothing is opened before the first question */
export function connectBox(socketPath: string): Box {
  const open = async ({ method = 'GET', path, body, content, accept = 'application/json', signal }: Ask) => {
    const text = body === undefined ? '' : JSON.stringify(body);
    const headers = {
      accept,
      ...(content && { 'content-type': 'application/octet-stream' }),
      ...(body !== undefined && jsonHeaders(text)),
    };
    const req = request({ socketPath, method, path, headers, agent: false, ...(signal && { signal }) });
    // What goes wrong after the response has begun, its reader hears.
    req.on('error', () => {});
    // A source that fails destroys the request, and the box is sent no end.
    if (content) pipeline(content, req, () => {});
    else req.end(text);
    let res: IncomingMessage;
    try {
      [res] = (await once(req, 'response')) as [IncomingMessage];
    } catch (err) {
      throw notReached(err as NodeJS.ErrnoException, socketPath);
    }
    if ((res.statusCode ?? 500) < 400) return res;
    throw failureFrom(parsed(await textOf(partsOf(res))), `Databox answered ${res.statusCode}`);
  };
  const partsOf = (res: IncomingMessage) => partsFrom(res, socketPath);
  return {
    open,
    ask: async (ask) => parsed(await textOf(partsOf(await open(ask)))),
    async *lines(ask) {
      let rest = '';
      for await (const part of partsOf(await open(ask))) {
        const lines = (rest + part).split('\n');
        rest = lines.pop() ?? '';
        yield* lines;
      }
      if (rest !== '') yield rest;
    },
  };
}

/** Node sends the body of a DELETE without its length, unless told. */
const jsonHeaders = (text: string) => ({
  'content-type': 'application/json',
  'content-length': Buffer.byteLength(text),
});

/** @throws Failure `databox.stopped` when the box dies in the middle of its answer */
async function* partsFrom(res: IncomingMessage, socketPath: string): AsyncGenerator<string> {
  try {
    yield* res.setEncoding('utf8') as AsyncIterable<string>;
  } catch (err) {
    throw notReached(err as NodeJS.ErrnoException, socketPath);
  }
}

async function textOf(parts: AsyncIterable<string>): Promise<string> {
  let text = '';
  for await (const part of parts) text += part;
  return text;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new Failure('internal', 'Databox answered with something that is not JSON', {}, { cause });
  }
}

function notReached(err: NodeJS.ErrnoException, socketPath: string): Failure {
  const facts = { socket: socketPath };
  if (err.code === 'EACCES' || err.code === 'EPERM') {
    return new Failure('user.refused', 'only root may speak to Databox; try sudo', facts, { cause: err });
  }
  return new Failure('databox.stopped', 'Databox is not running; start it with: databox start', facts, { cause: err });
}
