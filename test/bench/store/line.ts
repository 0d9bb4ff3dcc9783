/** line — one keep-alive connection that asks and waits, over TLS or plain: cheap, so that what is measured is the server. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { connect as connectTls } from 'node:tls';

export type Place = { port: number; /** Of the server; absent: no TLS. */ cert?: string };
export type Answer = { status: number; body: string };
export type Line = Disposable & {
  /** One at a time. @throws when the connection ends, or the status is not 2xx */
  ask(request: string): Promise<Answer>;
};
export async function openLine({ port, cert }: Place): Promise<Line> {
  const at = { host: '127.0.0.1', port };
  const socket: Socket = cert === undefined ? connect(at) : connectTls({ ...at, ca: cert });
  await once(socket, cert === undefined ? 'connect' : 'secureConnect');
  socket.setNoDelay(true);
  let text = '';
  let waiting: PromiseWithResolvers<Answer> | undefined;
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
    const answer = parseHttp(text);
    if (!answer) return;
    text = '';
    if (answer.status >= 200 && answer.status < 300) return waiting?.resolve(answer);
    waiting?.reject(new Error(`${answer.status} ${answer.body}`));
  });
  const gone = (): void => waiting?.reject(new Error('the server hung up'));
  socket.on('error', gone).on('close', gone);
  return {
    ask(request) {
      if (socket.destroyed) return Promise.reject(new Error('the server hung up'));
      waiting = Promise.withResolvers();
      socket.write(request, 'latin1');
      return waiting.promise;
    },
    [Symbol.dispose]: () => void socket.destroy(),
  };
}

/** @returns n lines; disposing ends them all */
export async function openLines(place: Place, count: number): Promise<Disposable & { all: Line[] }> {
  const all = await Promise.all(Array.from({ length: count }, () => openLine(place)));
  return { all, [Symbol.dispose]: () => all.forEach((line) => line[Symbol.dispose]()) };
}

type Request = { method?: string; path: string; headers?: Record<string, string>; body?: string };

export function httpRequest({ method = 'GET', path, headers = {}, body = '' }: Request): string {
  const lines = Object.entries({ host: '127.0.0.1', ...headers }).map(([name, value]) => `${name}: ${value}\r\n`);
  const length = method === 'POST' ? `content-length: ${Buffer.byteLength(body)}\r\n` : '';
  return `${method} ${path} HTTP/1.1\r\n${lines.join('')}${length}\r\n${body}`;
}

/** What is at the start of `text`, once it is there whole. */
function parseHttp(text: string): Answer | undefined {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return undefined;
  const head = text.slice(0, end);
  const body = text.slice(end + 4);
  const status = Number(head.slice(9, 12));
  if (/\r\ntransfer-encoding: chunked/i.test(head)) {
    return body.endsWith('0\r\n\r\n') ? { status, body: unchunked(body) } : undefined;
  }
  const length = status === 204 ? 0 : Number(/\r\ncontent-length: (\d+)/i.exec(head)?.[1] ?? 0);
  return body.length >= length ? { status, body } : undefined;
}

function unchunked(body: string): string {
  let text = '';
  for (let at = 0; ;) {
    const line = body.indexOf('\r\n', at);
    const length = parseInt(body.slice(at, line), 16);
    if (!length) return text;
    text += body.slice(line + 2, line + 2 + length);
    at = line + 2 + length + 2;
  }
}
