import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { addresses } from './addresses.ts';
import type { House } from './house.ts';
import type { Answer, OutsideMethods } from './outside.ts';

type Method = (...argument: never[]) => unknown;
type Remote<M> = {
  [N in keyof M]: M[N] extends Method ? (...argument: Parameters<M[N]>) => Promise<Awaited<ReturnType<M[N]>>> : never;
};
/** The outside, by remote control; every call is awaited. */
export type Outside = Remote<OutsideMethods> & AsyncDisposable;

const methods = ['setNames', 'queries', 'open', 'close', 'answer', 'release', 'visits', 'refusals'] as const;

/** Starts the names and sites of `net` (outside.ts) in its namespace. */
export async function startOutside(house: House): Promise<Outside> {
  const program = fileURLToPath(new URL('outside.ts', import.meta.url));
  const argv = ['--pdeathsig', 'KILL', ...house.inRoom('net', [process.execPath, program, addresses.net.dns])];
  const child = spawn('setpriv', argv, { stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
  const waiting = new Map<number, (answer: Answer) => void>();
  child.on('message', (answer: Answer) => waiting.get(answer.id)?.(answer));
  const exited = once(child, 'exit').then(() => {
    for (const [id, wake] of waiting) wake({ id, error: 'the outside ended' });
  });
  const reply = (id: number) => new Promise<Answer>((done) => waiting.set(id, done)).finally(() => waiting.delete(id));
  const started = await reply(0);
  if (started.error) throw new Error(started.error);
  let next = 1;
  const call = async (method: string, argument: unknown): Promise<unknown> => {
    const id = next++;
    const answered = reply(id);
    child.send({ id, method, argument });
    const { value, error } = await answered;
    if (error) throw new Error(`${method}: ${error}`);
    return value;
  };
  const remote = Object.fromEntries(methods.map((name) => [name, (argument: unknown) => call(name, argument)]));
  return {
    ...(remote as Remote<OutsideMethods>),
    async [Symbol.asyncDispose]() {
      if (child.connected) child.disconnect();
      await exited;
    },
  };
}
