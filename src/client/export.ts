import type { Caller } from './caller.ts';
import { DataboxError } from './errors.ts';
import { retry } from './retry.ts';

/** An export on its way. `ext_response` is filled in when it is finished: `{ status: '200 OK', body: '…' }`. */
export type ExportState = {
  id: string;
  state: 'Pending' | 'Processing' | 'Finished';
  ext_response: { status?: string; body?: string };
};

export type ExportOptions = {
  signal?: AbortSignal;
  /** 1 to 255 visible ASCII characters. With it the box may send again what may or may not have arrived. */
  idempotencyKey?: string;
};

export type ExportClient = {
  /**
   * Hands over a payload with id `''`, or waits for the next state of an id that was returned before.
   * @param destination exactly one of the manifest's export-whitelist
   * @param payload     an object or array
   * @throws DataboxError `permission.refused`, `export.refused`, `export.full`, `export.unknown`
   */
  longpoll(destination: string, payload: unknown, id?: string): Promise<ExportState>;
  /** Hands over a payload and waits until it was answered, whatever the answer. @throws DataboxError as `longpoll` */
  send(destination: string, payload: unknown, options?: ExportOptions): Promise<ExportState>;
};

/** One poll waits this long in the box. */
const pollSeconds = 20;

export function createExport(caller: Caller): ExportClient {
  const ask = async (destination: string, job: object, signal?: AbortSignal): Promise<ExportState> => {
    const { body } = await caller.ask({
      ...{ host: 'export-service', method: 'POST', path: '/lp/export', query: `timeout=${pollSeconds}` },
      caveats: [{ destination }],
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ uri: destination, ...job }),
      idleMs: (pollSeconds + 10) * 1_000,
      signal,
    });
    return JSON.parse(body.toString()) as ExportState;
  };
  return {
    longpoll: (destination, payload, id = '') => ask(destination, { id, data: JSON.stringify(payload) }),
    async send(destination, payload, { signal, idempotencyKey } = {}) {
      const data = JSON.stringify(payload);
      const submit = () => ask(destination, { id: '', data, ...(idempotencyKey && { idempotencyKey }) }, signal);
      // Handing over twice exports twice, unless a key tells the box that it is the same.
      let job = await (idempotencyKey === undefined ? submit() : retry(submit, { signal }));
      while (job.state !== 'Finished') {
        const { id } = job;
        if (id === '') throw new DataboxError('answer.invalid', 'the export service gave no id');
        job = await retry(() => ask(destination, { id, data }, signal), { signal });
      }
      return job;
    },
  };
}
