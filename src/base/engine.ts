/** engine — the Docker engine through its command line, for an engine that may be down, or stand still in the middle. */
import { request } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { Failure } from './errors.ts';
import { run, type RunOptions } from './run.ts';

export type DockerCommand = (argv: readonly string[], options?: RunOptions) => Promise<string>;

export type Engine = {
  /** Whether the engine answers, within seconds. */
  readonly isAlive: () => Promise<boolean>;
  /**
   * Runs `docker`. A command that takes its time is given up when the engine does not answer meanwhile.
   * @throws Failure `docker.unavailable` when nobody is there to ask, else `options.code` (default `docker.failed`)
   */
  readonly docker: DockerCommand;
};

const answerMs = 5_000;
/** A command that takes longer may be waiting for an engine that stands still. */
const patienceMs = 2_000;

/** @param host as in DOCKER_HOST; absent: the machine's engine */
export function createEngine(host: string | undefined): Engine {
  const prefix = host === undefined ? [] : ['-H', host];
  const raw: DockerCommand = (argv, options = {}) =>
    run('docker', [...prefix, ...argv], { code: 'docker.failed', ...options });
  const version = () => raw(['version', '--format', '{{.Server.Version}}'], { timeoutMs: 2 * answerMs });
  const socket = socketOf(host);
  const isAlive = async (): Promise<boolean> => {
    const answer = socket === undefined ? 'unknown' : await ping(socket);
    // What stands still is not asked again: the command line would only wait for it too.
    return answer === 'unknown' ? succeeds(version()) : answer === 'alive';
  };
  return {
    isAlive,
    async docker(argv, options = {}) {
      const watch = watchOver(isAlive);
      try {
        const signal = options.signal ? AbortSignal.any([options.signal, watch.gone]) : watch.gone;
        return await raw(argv, { ...options, signal });
      } catch (cause) {
        // It failed because of what it asked, or because nobody is there to ask: only the engine can tell.
        if (options.signal?.aborted === true || (!watch.gone.aborted && (await isAlive()))) throw cause;
        throw new Failure('docker.unavailable', 'the Docker engine does not answer; is it running?', {}, { cause });
      } finally {
        watch.end();
      }
    },
  };
}

const succeeds = (work: Promise<unknown>): Promise<boolean> =>
  work.then(
    () => true,
    () => false,
  );

/** Asks from time to time whether the engine is there; `gone` fires when it is not. */
function watchOver(isAlive: () => Promise<boolean>): { gone: AbortSignal; end: () => void } {
  const [gone, over] = [new AbortController(), new AbortController()];
  const watch = async (): Promise<void> => {
    while (!over.signal.aborted) {
      await sleep(patienceMs, undefined, { signal: over.signal, ref: false }).catch(() => {});
      if (over.signal.aborted || (await isAlive())) continue;
      if (!over.signal.aborted) gone.abort();
      return;
    }
  };
  void watch();
  return { gone: gone.signal, end: () => over.abort() };
}

/** The engine's socket, where it is asked without a process; a host of another kind leaves that to the command line. */
const socketOf = (host: string | undefined): string | undefined =>
  host === undefined ? '/var/run/docker.sock' : /^unix:\/\/(\/.+)$/.exec(host)?.[1];

/** `silent`: somebody took the connection and says nothing. `unknown`: nobody is on this socket. */
function ping(socketPath: string): Promise<'alive' | 'silent' | 'unknown'> {
  const { promise, resolve } = Promise.withResolvers<'alive' | 'silent' | 'unknown'>();
  const req = request({ socketPath, path: '/_ping', timeout: answerMs, agent: false });
  // From the connection on, not only while nothing is sent: the socket of a stopped engine still takes ours.
  const timer = setTimeout(() => resolve('silent'), answerMs).unref();
  req.on('response', (res) => {
    res.resume();
    resolve(res.statusCode === 200 ? 'alive' : 'unknown');
  });
  req.on('error', () => resolve('unknown')).end();
  return promise.finally(() => {
    clearTimeout(timer);
    req.destroy();
  });
}
