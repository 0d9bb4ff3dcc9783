/** HTTP/1.1 as bytes: what a client library would never send, and every answer that comes back. */
import type { Duplex } from 'node:stream';
import { setTimeout as sleep } from 'node:timers/promises';

export type Answer = { status: number; headers: Record<string, string>; body: Buffer };
export type Sending = {
  bytes: Buffer;
  /** Methods of the requests in it, oldest first: a HEAD has no body to wait for. */
  methods: readonly string[];
  /** `reset`: gone after the last byte; `half`: says no more, but listens. */
  end?: 'reset' | 'half';
};

/**
 * Sends on a connection of its own and hears it to its end. A stream of events counts as an answer once it has begun.
 * @throws when the connection is still open after the deadline: a hang
 */
export async function exchange(
  connect: () => Promise<Duplex>,
  sending: Sending,
  deadlineMs = 20_000,
): Promise<Answer[]> {
  const socket = await connect();
  const parts: Buffer[] = [];
  const { promise, resolve } = Promise.withResolvers<'closed'>();
  socket.on('error', () => {}).on('close', () => resolve('closed'));
  socket.on('data', (part: Buffer) => {
    parts.push(part);
    if (/content-type: text\/event-stream/i.test(Buffer.concat(parts).toString('latin1'))) socket.destroy();
  });
  socket.write(sending.bytes, () => {
    if (sending.end === 'reset') socket.destroy();
    if (sending.end === 'half') socket.end();
  });
  const late = new AbortController();
  const end = await Promise.race([promise, sleep(deadlineMs, 'hang' as const, { signal: late.signal })]);
  late.abort();
  socket.destroy();
  if (end === 'hang')
    throw new Error(`no end after ${deadlineMs} ms; so far: ${Buffer.concat(parts).toString('latin1').slice(0, 300)}`);
  return answersIn(Buffer.concat(parts), sending.methods);
}

function answersIn(bytes: Buffer, methods: readonly string[]): Answer[] {
  const answers: Answer[] = [];
  let rest = bytes;
  while (rest.length > 0) {
    const end = rest.indexOf('\r\n\r\n');
    if (end < 0) break;
    const [line = '', ...fields] = rest.subarray(0, end).toString('latin1').split('\r\n');
    const status = Number(/^HTTP\/1\.1 (\d{3})/.exec(line)?.[1]);
    if (!status) throw new Error(`not an answer: ${line.slice(0, 80)}`);
    const headers = Object.fromEntries(
      fields.map((field) => [field.split(':')[0]?.toLowerCase(), field.replace(/^[^:]*:\s*/, '')]),
    ) as Record<string, string>;
    rest = rest.subarray(end + 4);
    if (status === 100) continue;
    const method = methods[Math.min(answers.length, methods.length - 1)];
    const [body, length] =
      method === 'HEAD' || status === 204 || status === 304 ? [Buffer.alloc(0), 0] : bodyOf(headers, rest);
    answers.push({ status, headers, body });
    rest = rest.subarray(length);
  }
  return answers;
}

/** A body and how many bytes of the connection it took. */
function bodyOf(headers: Record<string, string>, rest: Buffer): [Buffer, number] {
  if (headers['transfer-encoding']?.includes('chunked')) return chunked(rest);
  const length = headers['content-length'] === undefined ? rest.length : Number(headers['content-length']);
  return [rest.subarray(0, length), length];
}

function chunked(rest: Buffer): [Buffer, number] {
  const parts: Buffer[] = [];
  let at = 0;
  for (;;) {
    const line = rest.indexOf('\r\n', at);
    const size = line < 0 ? 0 : Number.parseInt(rest.subarray(at, line).toString('latin1'), 16);
    if (line < 0 || !(size > 0)) return [Buffer.concat(parts), line < 0 ? rest.length : line + 4];
    parts.push(rest.subarray(line + 2, line + 2 + size));
    at = line + 2 + size + 2;
  }
}
