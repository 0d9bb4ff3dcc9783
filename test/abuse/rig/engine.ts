import { join } from 'node:path';
import { z } from 'zod';
import { run, type RunOptions } from '../../../src/base/run.ts';
import type { House } from './house.ts';
import { startProgram } from './process.ts';
import { until } from './until.ts';

export type Engine = AsyncDisposable & {
  /** As in DOCKER_HOST. */
  readonly host: string;
  docker(argv: readonly string[], options?: RunOptions): Promise<string>;
  /** The network namespace of a running container, as a file that `nsenter --net=` takes. */
  netns(container: string): Promise<string>;
  /** Names of all containers, running or not. */
  containers(): Promise<string[]>;
  /** Signals the daemon itself; resolves when it has ended, where the signal ends it. */
  signal(signal: 'SIGSTOP' | 'SIGCONT' | 'SIGKILL'): Promise<void>;
  /** Starts it again over the same files. */
  restart(): Promise<void>;
};

/** The box's own Docker engine: its files, its sockets and its iptables rules are the box's. */
export async function startEngine(house: House): Promise<Engine> {
  const at = (name: string) => join(house.dir, name);
  const host = `unix://${at('docker.sock')}`;
  const argv = ['dockerd', '--data-root', at('docker'), '--exec-root', at('docker.run'), '-H', host];
  const more = ['-p', at('docker.pid'), '--iptables=true', '--cgroup-parent', `/${house.id}`, '-l', 'error'];
  const start = () => startProgram(house.asBox([...argv, ...more]));
  let daemon = start();
  const docker: Engine['docker'] = (args, options) => run('docker', ['-H', host, ...args], options);
  const ready = () =>
    until('the Docker engine of the box', () => docker(['version', '-f', '{{.Server.Version}}']), {
      ...{ everyMs: 200, timeoutMs: 90_000 },
    });
  await ready();
  return {
    host,
    docker,
    async netns(container) {
      const [info] = Inspected.parse(JSON.parse(await docker(['container', 'inspect', container])));
      // The engine's mounts are seen from the machine through the box's process 1 only.
      return `/proc/${house.init}/root${info.NetworkSettings.SandboxKey}`;
    },
    async containers() {
      return (await docker(['ps', '-a', '--format', '{{.Names}}'])).split('\n').filter(Boolean);
    },
    async signal(signal) {
      daemon.kill(signal);
      // The nsenter before it stops with it, and is not there to be told that it goes on.
      if (signal === 'SIGCONT' && daemon.child.pid !== undefined) process.kill(daemon.child.pid, signal);
      if (signal === 'SIGKILL') await daemon.exited;
    },
    async restart() {
      daemon = start();
      await ready();
    },
    async [Symbol.asyncDispose]() {
      // The engine would wait ten seconds for each program that does not listen to SIGTERM.
      const ids = (await docker(['ps', '-aq'])).split('\n').filter(Boolean);
      if (ids.length > 0) await docker(['rm', '-f', ...ids]);
      await daemon[Symbol.asyncDispose]();
    },
  };
}

const Inspected = z.tuple([z.object({ NetworkSettings: z.object({ SandboxKey: z.string().min(1) }) })]);
