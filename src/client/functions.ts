/** Functions between components: one offers them in its store, others call them there. */
import { randomUUID } from 'node:crypto';
import type { Call, Caller } from './caller.ts';
import { answerOf, envelopeOf, failed, type Envelope } from './envelope.ts';
import { DataboxError, isPassing } from './errors.ts';
import { dataSourceMetadataToHypercat, newDataSourceMetadata, type HypercatItem } from './hypercat.ts';
import { bodyOf, media, type Format } from './kv.ts';
import { listen, observe, type Observation } from './observe.ts';
import { pathOf } from './paths.ts';
import { pauses, retry, wait } from './retry.ts';

/** What a handler is told beside the payload. */
export type FunctionCall = {
  /** Name of the component that calls. */
  caller: string;
  /** Of the payload, and of the answer. */
  format: Format;
};
/**
 * JSON is a value, text a string, binary a buffer; what was sent as JSON and is none is a string. The answer goes back in the
 * same format. What it throws reaches the caller as `function.failed`, with its message.
 */
export type FunctionHandler<Q = unknown, A = unknown> = (payload: Q, call: FunctionCall) => A | Promise<A>;

export type RegisterOptions = {
  /** Apps ask for the type `<vendor>:func:<name>`. Default `databox`. */
  vendor?: string;
  /** For the owner. Default: the name. */
  description?: string;
  /** Told of each answer that its caller cannot get. Default: nobody. */
  onFailure?: (err: unknown) => void;
};

/** Disposed, it hears no further calls; those under way are answered. */
export type Offer = Disposable & {
  /** Resolves when no calls are heard any more, to the error for which, `undefined` when it was disposed. */
  ended: Promise<DataboxError | undefined>;
};

export type CallOptions = {
  /** Longest wait for the answer, rounded up to whole seconds. Default 60,000. */
  timeoutMs?: number;
  signal?: AbortSignal | undefined;
};

export type Functions = {
  /**
   * Offers a function in this component's own store: resolves once calls are heard and it is in the catalogue. Calls are
   * handled side by side. Of several who offer the same each is told of every call, and the first answer counts.
   * @throws DataboxError when the store refuses it
   */
  register<Q = unknown, A = unknown>(
    name: string,
    handler: FunctionHandler<Q, A>,
    options?: RegisterOptions,
  ): Promise<Offer>;
  /**
   * Calls a function of this store, and resolves to its answer.
   * @param payload its type chooses the format: text for strings, binary for buffers, else JSON. Default `{}`
   * @throws DataboxError `permission.refused`; `function.unobserved`: nobody offers it now; `function.silent`: no answer in
   *   time; `function.failed`: the handler's own failure; it may have been done in spite of these two. The signal's reason
   */
  call<A = unknown>(name: string, payload?: unknown, options?: CallOptions): Promise<A>;
};

/** One wait in the box. */
const waitSeconds = 20;
/** The box keeps an answer for so long. */
const answerMs = 60_000;

export type Host = { caller: Caller; store: string; registerItem: (item: HypercatItem) => Promise<void> };

export function createFunctions({ caller, store, registerItem }: Host): Functions {
  return {
    async register(name, handler, { vendor = 'databox', description = name, onFailure = () => {} } = {}) {
      const stop = new AbortController();
      const request: Call = { host: store, method: 'GET', path: pathOf`/notification/request/${name}/*` };
      const answer = async (asked: Asked): Promise<void> => {
        const body = JSON.stringify(await handled(handler as FunctionHandler, asked));
        const headers = { 'content-type': media[asked.format] };
        const scopes = ['/notification/response/*', pathOf`/notification/response/${name}/*`];
        const reply: Call = { host: store, method: 'POST', path: asked.response, scopes, headers, body };
        await retry(() => caller.ask(reply), { timeoutMs: answerMs });
      };
      const { ended } = await listen(
        (options) => observe(caller, { ...request, query: 'observe=notification' }, options) as AsyncGenerator<Asked>,
        (asked) => void answer(asked).catch(onFailure),
        { signal: stop.signal },
      );
      await registerItem(itemOf(store, name, { vendor, description })).catch((err: unknown) => {
        stop.abort(err);
        throw err;
      });
      return {
        ended: ended.then((err) => (stop.signal.aborted ? undefined : (err as DataboxError))),
        [Symbol.dispose]: () => stop.abort(),
      };
    },
    call: async <A>(name: string, payload: unknown = {}, options: CallOptions = {}) =>
      (await callOf({ caller, store }, name, { ...options, payload })) as A,
  };
}

type Calling = CallOptions & { payload: unknown };

async function callOf(
  { caller, store }: Omit<Host, 'registerItem'>,
  name: string,
  { payload, timeoutMs = 60_000, signal }: Calling,
): Promise<unknown> {
  const job = randomUUID();
  const path = (side: string, last: string) => pathOf`/notification/${side}/${name}/${last}`;
  const { format, body } = bodyOf(payload);
  const headers = { 'content-type': media[format] };
  const to = { host: store, signal };
  const request: Call = { ...to, method: 'POST', path: path('request', job), scopes: [path('request', '*')] };
  const response: Call = { ...to, method: 'GET', path: path('response', job), scopes: [path('response', '*')] };
  try {
    await caller.ask({ ...request, headers, body });
    return answerOf(await take(caller, response, timeoutMs), format);
  } catch (err) {
    // What broke the request off is what the caller wants to hear.
    signal?.throwIfAborted();
    throw err;
  }
}

type Asked = Observation & { component: string; response: string; format: Format };

const itemOf = (store: string, name: string, { vendor, description }: Required<Omit<RegisterOptions, 'onFailure'>>) =>
  dataSourceMetadataToHypercat(
    store,
    newDataSourceMetadata({
      ...{ dataSourceId: name, storeType: 'notification/request', dataSourceType: `${vendor}:func:${name}` },
      ...{ vendor, description, isFunc: true },
    }),
  );

async function handled(handler: FunctionHandler, { data, format, component }: Asked): Promise<Envelope> {
  try {
    const payload = format === 'binary' ? Buffer.from(String(data), 'base64') : data;
    return envelopeOf(await handler(payload, { caller: component, format }), format);
  } catch (err) {
    return failed(err);
  }
}

/** Waits in the box, again and again, also through an interruption. */
async function take(caller: Caller, call: Call, timeoutMs: number): Promise<Buffer> {
  const end = Date.now() + timeoutMs;
  for (const pause of pauses()) {
    const seconds = Math.max(0, Math.min(waitSeconds, Math.ceil((end - Date.now()) / 1_000)));
    try {
      return (await caller.ask({ ...call, query: `wait=${seconds}`, idleMs: (seconds + 10) * 1_000 })).body;
    } catch (err) {
      const isSilent = err instanceof DataboxError && err.code === 'function.silent';
      if (Date.now() >= end || !(isSilent || isPassing(err))) throw err;
      if (!isSilent) await wait(pause, call.signal);
    }
  }
  throw new Error('unreachable: pauses never end');
}
