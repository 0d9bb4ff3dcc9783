/** agent — programs run inside an emulated machine by Debian's qemu-guest-agent, over the socket of its serial port. */
import { once } from 'node:events';
import { connect } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

type Answer = { id?: number; return?: unknown; error?: { desc: string } };
type Status = { exited: boolean; exitcode?: number; signal?: number; 'out-data'?: string; 'err-data'?: string };
let requests = 0;

/**
 * One request, on a connection of its own.
 * @throws when there is no answer in time, as before the machine is up
 */
async function request(socket: string, execute: string, args: object, timeoutMs: number): Promise<unknown> {
  const id = ++requests;
  const signal = AbortSignal.timeout(timeoutMs);
  const connection = connect({ path: socket, signal });
  try {
    await once(connection, 'connect', { signal });
    connection.write(`${JSON.stringify({ execute, arguments: args, id })}\n`);
    for await (const line of createInterface({ input: connection })) {
      const answer = JSON.parse(line) as Answer;
      // What nobody waited for any more comes too.
      if (answer.id !== id) continue;
      if (answer.error) throw new Error(`${execute}: ${answer.error.desc}`);
      return answer.return;
    }
    throw new Error(`${execute}: the machine has ended`);
  } finally {
    connection.destroy();
  }
}

/** @throws when the agent does not run yet */
export const ping = (socket: string): Promise<unknown> => request(socket, 'guest-ping', {}, 5_000);

/** Runs a program in the machine. @returns its standard output @throws when it fails, with what it said */
export async function execute(socket: string, argv: readonly string[], timeoutMs: number): Promise<string> {
  const [path, ...arg] = argv;
  // The agent hands on an environment without PATH or HOME.
  const env = ['PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin', 'HOME=/root', 'LC_ALL=C'];
  const started = await request(socket, 'guest-exec', { path, arg, env, 'capture-output': true }, 60_000);
  const deadline = Date.now() + timeoutMs;
  while (Date.now() < deadline) {
    const status = (await request(socket, 'guest-exec-status', started as object, 60_000)) as Status;
    if (status.exited) return outcome(argv, status);
    await sleep(300);
  }
  throw new Error(`${argv.join(' ')}: not done within ${timeoutMs} ms`);
}

function outcome(argv: readonly string[], status: Status): string {
  const text = (data = '') => Buffer.from(data, 'base64').toString().trimEnd();
  if (status.exitcode === 0) return text(status['out-data']);
  const how = status.exitcode ?? `signal ${status.signal}`;
  throw new Error(`${argv.join(' ')}: ${how}: ${text(status['err-data']) || text(status['out-data'])}`);
}
