import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import { setTimeout as sleep } from 'node:timers/promises';

export type Program = AsyncDisposable & {
  readonly child: ChildProcess;
  /** Lines of standard output so far. */
  readonly lines: readonly string[];
  readonly exited: Promise<{ code: number | null; signal: NodeJS.Signals | null }>;
  /** Resolves with the first line, past or future, that the test accepts; rejects when the program ends before. */
  line(accept: (line: string) => boolean): Promise<string>;
  write(text: string): void;
  /** The program itself, also below an `nsenter` that waits for it. */
  pid(): number;
  /** Signals the program itself, also below an `nsenter` that waits for it. */
  kill(signal: NodeJS.Signals): void;
};

/** Starts a program that goes on; it dies with the test process, and disposing ends it. Standard error is kept for messages. */
export function startProgram(argv: readonly string[], options: { env?: Record<string, string> } = {}): Program {
  const child = spawn('setpriv', ['--pdeathsig', 'KILL', ...argv], {
    stdio: ['pipe', 'pipe', 'pipe'],
    env: { ...process.env, ...options.env },
  });
  const name = argv.slice(-3).join(' ').slice(0, 80); // no whole token into a log
  const lines: string[] = [];
  const said: string[] = [];
  const waiting = new Set<(line: string | null) => void>();
  createInterface({ input: child.stdout }).on('line', (line) => {
    lines.push(line);
    for (const wake of waiting) wake(line);
  });
  createInterface({ input: child.stderr }).on('line', (line) => said.push(line));
  child.stdin.on('error', () => {}); // EPIPE of a program that has ended: `exited` tells
  const exited = (once(child, 'exit') as Promise<[number | null, NodeJS.Signals | null]>).then(([code, signal]) => ({
    code,
    signal,
  }));
  // What it said last is read after its end; a child of its own may keep the pipe open for good.
  const silent = Promise.race([
    once(child.stdout, 'close'),
    exited.then(() => sleep(1_000, undefined, { ref: false })),
  ]);
  void silent.then(() => {
    for (const wake of waiting) wake(null);
  });
  return {
    child,
    lines,
    exited,
    line(accept) {
      const seen = lines.find(accept);
      if (seen !== undefined) return Promise.resolve(seen);
      const { promise, resolve, reject } = Promise.withResolvers<string>();
      const wake = (line: string | null) => {
        if (line !== null && !accept(line)) return;
        waiting.delete(wake);
        if (line === null) reject(new Error(`${name} ended: ${[...lines, ...said].slice(-10).join('\n')}`));
        else resolve(line);
      };
      waiting.add(wake);
      return promise;
    },
    write: (text) => void child.stdin.write(text),
    pid: () => programOf(child.pid ?? 0),
    kill: (signal) => signalTo(child, signal),
    async [Symbol.asyncDispose]() {
      child.stdin.end();
      signalTo(child, 'SIGTERM');
      const timer = setTimeout(() => signalTo(child, 'SIGKILL'), 10_000);
      await exited;
      clearTimeout(timer);
    },
  };
}

function signalTo({ pid, exitCode, signalCode }: ChildProcess, signal: NodeJS.Signals): void {
  if (pid === undefined || exitCode !== null || signalCode !== null) return;
  process.kill(programOf(pid), signal);
}

const programOf = (pid: number): number => childOf(pid) ?? pid;

/** The process an `nsenter` waits for; it forks when it enters a process namespace. */
function childOf(pid: number): number | undefined {
  if (readFileSync(`/proc/${pid}/comm`, 'utf8').trim() !== 'nsenter') return undefined;
  const [child] = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean);
  return child === undefined ? undefined : Number(child);
}
