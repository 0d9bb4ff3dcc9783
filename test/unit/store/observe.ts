import { once } from 'node:events';
import type { IncomingMessage } from 'node:http';
import { request, type Agent } from 'node:https';
import { setTimeout as sleep } from 'node:timers/promises';
import type { startStore } from './harness.ts';

export type It = Awaited<ReturnType<typeof startStore>>;
/** The REST side of a store. */
type Listening = { port: number; agent: Agent };
export const streaming: Record<string, string> = { accept: 'text/event-stream' };

/** An open observation: what came, and a wait for more. */
export async function observe(it: Listening, path: string, { token = 'app', headers = streaming } = {}) {
  const req = request({
    host: '127.0.0.1',
    port: it.port,
    ca: it.agent.options.ca,
    path,
    headers: { ...headers, 'x-api-key': token },
  });
  const [res] = (await once(req.end(), 'response')) as [IncomingMessage];
  let text = '';
  let ended = false;
  res
    .on('data', (data: Buffer) => (text += data.toString()))
    .on('close', () => (ended = true))
    .on('error', () => {});
  const events = () =>
    [...text.matchAll(/^data: (.*)$/gm)].map(([, line = '']) => JSON.parse(line) as Record<string, unknown>);
  const until = async (done: () => boolean) => {
    for (let tries = 0; !done() && tries < 400; tries++) await sleep(5);
    expect(done()).toBe(true);
  };
  return {
    res,
    req,
    events,
    text: () => text,
    count: (n: number) => until(() => events().length >= n),
    end: () => until(() => ended),
  };
}
