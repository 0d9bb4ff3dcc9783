import type { IncomingMessage } from 'node:http';
import type { Call, Caller } from './caller.ts';
import { DataboxError, isPassing } from './errors.ts';
import { pauses, wait } from './retry.ts';

/** A write that was observed. */
export type Observation<T = unknown> = {
  /** Ms since the Unix epoch. */
  timestamp: number;
  path: string;
  format: string;
  data: T;
};

export type ObserveOptions = {
  signal?: AbortSignal | undefined;
  /** Told when writes are heard from now on: at the beginning, and again after each interruption. */
  onOpen?: () => void;
  /**
   * Told when the stream goes on after writes may have been missed: read them with `since`, ms since the Unix epoch, of
   * the last sign of life before. `reason`: why the stream had ended, or `restarted` when the store was closed meanwhile.
   */
  onGap?: (reason: string, since?: number) => void;
};

/** The store sends a comment every 15 s: three missed ones, and the connection is dead. */
const silenceMs = 50_000;
/** A line longer than this is no event of a store. */
const lineLimit = 16 * 1024 * 1024;

/**
 * Writes as they happen, for as long as the caller asks for them; a broken connection is opened again.
 * @throws DataboxError when the owner does not, or no longer, permit it; the signal's reason
 */
export async function* observe<T>(
  caller: Caller,
  call: Call,
  options: ObserveOptions = {},
): AsyncGenerator<Observation<T>> {
  const { signal, onOpen = () => {}, onGap = () => {} } = options;
  let pause = pauses();
  let reason = 'closed';
  let last = '';
  for (;;) {
    try {
      const res = await caller.open({ ...call, headers: headersOf(call, last), signal, idleMs: silenceMs });
      onOpen();
      for await (const { event, data, id } of eventsOf(res)) {
        last = id;
        // Only a stream that lives ends the row of growing pauses.
        pause = pauses();
        if (event === 'message' && data !== '') yield JSON.parse(data) as Observation<T>;
        else if (event === 'end') reason = String((JSON.parse(data) as { reason?: unknown }).reason);
        else if (event === 'gap') tellGap(JSON.parse(data) as Gap, reason, onGap);
      }
    } catch (err) {
      signal?.throwIfAborted();
      if (!isPassing(err)) throw err;
      reason = (err as DataboxError).message;
    }
    signal?.throwIfAborted();
    await wait(pause.next().value, signal);
  }
}

/** `ended` resolves when it goes on no more, to what it ended for. */
export type Listening = { ended: Promise<unknown> };

/**
 * Hands each event of an observation to `each`: resolves once writes are heard.
 * @throws what ended it before that
 */
export function listen<T>(
  begin: (options: ObserveOptions) => AsyncIterable<T>,
  each: (event: T) => void,
  options: ObserveOptions,
): Promise<Listening> {
  return new Promise((resolve, reject) => {
    const onOpen = (): void => resolve({ ended });
    const run = async (): Promise<void> => {
      for await (const event of begin({ ...options, onOpen })) each(event);
    };
    const ended = run().then(
      () => undefined,
      (err: unknown) => {
        // Of no effect once it was open.
        reject(err instanceof Error ? err : new Error(String(err)));
        return err;
      },
    );
  });
}

const headersOf = (call: Call, last: string): NonNullable<Call['headers']> => ({
  ...{ ...call.headers, accept: 'text/event-stream' },
  ...(last && { 'last-event-id': last }),
});

type Gap = { reason?: unknown; since?: number };

function tellGap({ reason, since }: Gap, ended: string, onGap: NonNullable<ObserveOptions['onGap']>): void {
  onGap(reason === 'restarted' ? 'restarted' : ended, since);
}

type ServerEvent = { event: string; data: string; id: string };

/** Server-Sent Events of an answer, also those that only tell an id. Breaking out of the loop closes the connection. */
async function* eventsOf(res: IncomingMessage): AsyncGenerator<ServerEvent> {
  let rest = '';
  let current: ServerEvent = { event: 'message', data: '', id: '' };
  res.setEncoding('utf8').setTimeout(silenceMs, () => res.destroy(new Error('silent')));
  try {
    for await (const chunk of res as AsyncIterable<string>) {
      const lines = (rest + chunk).split('\n');
      rest = lines.pop() ?? '';
      if (rest.length > lineLimit) throw new Error('a line of the stream is too long');
      for (const line of lines.map((text) => text.replace(/\r$/, ''))) {
        if (line === '') {
          if (current.id !== '') yield current;
          current = { event: 'message', data: '', id: current.id };
        } else if (line.startsWith('data:')) current.data += line.slice(5).trimStart();
        else if (line.startsWith('event:')) current.event = line.slice(6).trim();
        else if (line.startsWith('id:')) current.id = line.slice(3).trim();
      }
    }
  } catch (cause) {
    throw new DataboxError('unreachable', `the stream broke off: ${(cause as Error).message}`, { cause });
  } finally {
    res.destroy();
  }
}
