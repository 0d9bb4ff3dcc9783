/** machine — a Debian machine in a container: systemd is its first process, and it has a Docker engine of its own. */
import { setTimeout as sleep } from 'node:timers/promises';
import { run } from '../../src/base/run.ts';

/** A machine whose programs one may run. */
export type Inside = {
  /** Runs a program in it. @throws when it fails, with what it said */
  run(...argv: string[]): Promise<string>;
  /** Runs a program that may fail. */
  attempt(...argv: string[]): Promise<{ code: number; said: string }>;
  write(path: string, text: string): Promise<void>;
  /** `databox … --json`. */
  ask(...argv: string[]): Promise<unknown>;
};
export type Machine = AsyncDisposable &
  Inside & {
    /** Copies a file or folder of the host into it. */
    put(from: string, to: string): Promise<void>;
    /** Off and on: with time to stop, or as when the plug is pulled. */
    reboot(how: 'orderly' | 'plug pulled'): Promise<void>;
  };

/** All of it, by one way to run a program and have its output. */
export const inside = (run: Inside['run']): Inside => ({
  run,
  async attempt(...argv) {
    // One stream, in the order that a person would read it.
    const text = await run('sh', '-c', '"$@" 2>&1; echo "code $?"', 'sh', ...argv);
    const at = text.lastIndexOf('code ');
    return { code: Number(text.slice(at + 5)), said: text.slice(0, at).trim() };
  },
  write: async (path, text) =>
    void (await run('sh', '-c', 'mkdir -p "${1%/*}"; printf %s "$2" >"$1"', 'sh', path, text)),
  ask: async (...argv) => JSON.parse(await run('databox', ...argv, '--json')) as unknown,
});

/** What systemd and a nested engine need of the host; never `--privileged`. */
const rights = [
  ...['SYS_ADMIN', 'NET_ADMIN', 'SYS_PTRACE', 'DAC_READ_SEARCH'].flatMap((name) => ['--cap-add', name]),
  ...['--security-opt', 'seccomp=unconfined', '--security-opt', 'apparmor=unconfined'],
  // What asks systemd to shut down; on SIGTERM it only starts itself anew.
  ...['--stop-signal', 'SIGRTMIN+3'],
  ...['--tmpfs', '/run', '--tmpfs', '/tmp:exec', '-v', '/sys/fs/cgroup:/sys/fs/cgroup', '-v', '/var/lib/docker'],
];
const bootWithinMs = 90_000;

/** Boots a machine; disposing takes it and its disk away. */
export async function startMachine(image: string, name: string): Promise<Machine> {
  const docker = (argv: string[], timeoutMs = 180_000) => run('docker', argv, { timeoutMs });
  await docker(['run', '--detach', '--name', name, '--hostname', 'box', ...rights, image]);
  const machine: Machine = {
    ...inside((...argv) => docker(['exec', name, ...argv])),
    put: async (from, to) => void (await docker(['cp', from, `${name}:${to}`])),
    async reboot(how) {
      await docker(how === 'orderly' ? ['stop', '--time', '120', name] : ['kill', name]);
      await docker(['start', name]);
      await booted(machine);
    },
    [Symbol.asyncDispose]: async () => void (await docker(['rm', '--force', '--volumes', name])),
  };
  try {
    await booted(machine);
    return machine;
  } catch (err) {
    await machine[Symbol.asyncDispose]();
    throw err;
  }
}

async function booted(machine: Inside): Promise<void> {
  await until('the machine to boot', bootWithinMs, async () => {
    const engine = await machine.attempt('systemctl', 'is-active', 'docker').catch(() => ({ code: 1 }));
    return engine.code === 0 || undefined;
  });
}

/** Asks until there is an answer. @throws with the last failure when the time is over */
export async function until<T>(what: string, withinMs: number, ask: () => Promise<T | undefined>): Promise<T> {
  const deadline = Date.now() + withinMs;
  let last: unknown;
  while (Date.now() < deadline) {
    try {
      const answer = await ask();
      if (answer !== undefined) return answer;
    } catch (err) {
      last = err;
    }
    await sleep(500);
  }
  throw new Error(`waited in vain for ${what}`, { cause: last });
}
