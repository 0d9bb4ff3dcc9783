/** Programs of these tests, each in a process of its own that a test ends. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Crowd, Outcome, Round } from './crowd.ts';
import { connect, type Place } from './raw.ts';

function start(name: string, argv: readonly string[]) {
  const script = join(import.meta.dirname, name);
  const child = spawn(process.execPath, ['--expose-gc', script, ...argv], { stdio: ['pipe', 'pipe', 'inherit'] });
  const exited = once(child, 'exit');
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]();
  return {
    child,
    /** The next that it says. */
    async said<T>(): Promise<T> {
      const { value, done } = await lines.next();
      if (done) throw new Error(`${name} ended`);
      return JSON.parse(value) as T;
    },
    end: async (signal: NodeJS.Signals): Promise<void> => {
      child.kill(signal);
      await exited;
    },
  };
}

type Environment = Record<string, string>;
type Said = { testMode: { endpoints: Record<'arbiter' | 'store', string>; environment: Environment } };
const portOf = (endpoint = ''): number => Number(/:(\d+)$/.exec(endpoint)?.[1]);

export const folder = () => {
  const dir = mkdtempSync(join(tmpdir(), 'databox-desk-'));
  return { dir, [Symbol.dispose]: () => rmSync(dir, { recursive: true, force: true }) };
};

/** @param at  ports of an earlier one, which it takes again */
export async function startDesk(dir: string, at: Place = { port: 0, pushPort: 0 }) {
  const program = start('desk.ts', [dir, String(at.port), String(at.pushPort)]);
  const { testMode } = await program.said<Said>();
  const store = {
    port: portOf(testMode.endpoints.store),
    pushPort: portOf(testMode.environment['DATABOX_ZMQ_DEALER_ENDPOINT']),
  };
  const status = (): string => readFileSync(`/proc/${program.child.pid}/status`, 'utf8');
  return {
    store,
    /** A token of the app that the original's libraries find, for everything in the store. */
    async token(method: string): Promise<string> {
      using arbiter = connect({ port: portOf(testMode.endpoints.arbiter), pushPort: 0 });
      const body = JSON.stringify({ target: '127.0.0.1', path: '/*', method, caveats: [] });
      const { code, payload } = await arbiter.ask('POST /token', { token: 'secret', host: hostname(), body });
      if (code !== 69) throw new Error(`no token for ${method}: ${code}`);
      return payload;
    },
    /** MiB: `held` by the main thread's objects and buffers, `resident` of the whole process. */
    async memory() {
      program.child.kill('SIGUSR2');
      const { heldBytes } = await program.said<{ heldBytes: number }>();
      return { held: heldBytes / 2 ** 20, resident: Number(/VmRSS:\s*(\d+) kB/.exec(status())?.[1]) / 1_024 };
    },
    end: program.end,
    [Symbol.asyncDispose]: () => program.end('SIGKILL'),
  };
}

export function startCrowd(crowd: Crowd) {
  const program = start('crowd.ts', [JSON.stringify(crowd)]);
  return {
    run(round: Round): Promise<Outcome> {
      program.child.stdin.write(`${JSON.stringify(round)}\n`);
      return program.said<Outcome>();
    },
    [Symbol.asyncDispose]: () => program.end('SIGKILL'),
  };
}
