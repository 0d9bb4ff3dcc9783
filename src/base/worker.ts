import { Worker, type MessagePort, parentPort, workerData } from 'node:worker_threads';
import { bundledSource, unpackAddons } from './bundle.ts';
import { Failure, failureFrom, problem } from './errors.ts';

/** Methods a worker answers, and events it sends on its own. */
export type Handlers = Record<string, (argument: never) => unknown>;
type Request = { id: number; method: string; argument: unknown };
type Reply = { id: number; value?: unknown; problem?: unknown };
type Event = { event: string; value: unknown };
/** The method that every worker has: it does nothing, and its answer says that the thread turns. */
const nothing = '';

export type WorkerClient<H extends Handlers> = AsyncDisposable & {
  /** @param given  memory of the argument that goes over instead of being copied: here it is empty then */
  call<M extends keyof H & string>(
    method: M,
    argument: Parameters<H[M]>[0],
    given?: readonly ArrayBuffer[],
  ): Promise<Awaited<ReturnType<H[M]>>>;
  /** Resolves once the thread has come round to its messages; while it is stuck, it does not. */
  answers(): Promise<void>;
  /** Fires once if the thread dies without being asked to. */
  readonly died: Promise<Failure>;
};

/**
 * Starts a thread and calls its handlers by message.
 * @param url      the worker's module, `new URL('./worker.ts', import.meta.url)`; in the single binary its bundled source
 * @param onEvent  gets what the worker sends with `emit`
 */
export function startWorker<H extends Handlers>(
  url: URL,
  data: unknown,
  onEvent: (event: string, value: never) => void = () => {},
): WorkerClient<H> {
  const worker = openWorker(url, data);
  const waiting: Waiting = new Map();
  const gone = Promise.withResolvers<Failure>();
  let next = 0;
  let closing = false;
  let dead: Failure | undefined;
  worker.on('message', (message: Reply | Event) => {
    if ('event' in message) onEvent(message.event, message.value as never);
    else settle(waiting, message);
  });
  const bury = (reason: string, cause?: unknown) => {
    dead ??= new Failure('databox.stopped', reason, {}, { cause });
    for (const caller of waiting.values()) caller.reject(dead);
    waiting.clear();
    if (!closing) gone.resolve(dead);
  };
  worker.on('error', (err: Error) => bury(`a worker died: ${err.message}`, err));
  worker.on('exit', () => bury('a worker ended'));
  const ask = <T>(method: string, argument: unknown, given: readonly ArrayBuffer[] = []): Promise<T> => {
    if (dead) return Promise.reject(dead);
    const id = next++;
    worker.postMessage({ id, method, argument } satisfies Request, given);
    return new Promise((resolve, reject) => waiting.set(id, { resolve, reject }));
  };
  return {
    died: gone.promise,
    call: (method, argument, given) => ask(method, argument, given),
    answers: () => ask(nothing, undefined),
    async [Symbol.asyncDispose]() {
      closing = true;
      await worker.terminate();
    },
  };
}

type Waiting = Map<number, { resolve: (value: never) => void; reject: (err: Failure) => void }>;

function settle(waiting: Waiting, { id, value, problem: refused }: Reply): void {
  const caller = waiting.get(id);
  waiting.delete(id);
  if (refused) caller?.reject(failureFrom(refused, 'a worker failed'));
  else caller?.resolve(value as never);
}

/**
 * The young generation of a thread, which fills with garbage before it is looked at: Node's own 48 MB for each are too many on
 * a small machine. Collecting more often costs a thread that answers by message a few percent.
 */
const resourceLimits = { maxYoungGenerationSizeMb: 12 };

/** A thread cannot be opened by a path inside the single binary: there it runs the source text that lies there. */
function openWorker(url: URL, data: unknown): Worker {
  const source = bundledSource(url);
  if (source === null) return new Worker(url, { workerData: data, resourceLimits });
  unpackAddons();
  return new Worker(source, { eval: true, workerData: data, resourceLimits });
}

/** In a worker: answers calls with these handlers. Returns `emit`, which sends events to `onEvent`. */
export function serveWorker(handlers: Handlers): (event: string, value: unknown) => void {
  const port = parentPort as MessagePort;
  port.on('message', ({ id, method, argument }: Request) => {
    void (async () => {
      try {
        port.postMessage({ id, value: await handlers[method]?.(argument as never) } satisfies Reply);
      } catch (err) {
        port.postMessage({ id, problem: { ...problem(err), cause: String(err) } } satisfies Reply);
      }
    })();
  });
  return (event, value) => port.postMessage({ event, value } satisfies Event);
}

/** What the starter of this thread handed over. */
export const dataOfWorker = <T>(): T => workerData as T;
