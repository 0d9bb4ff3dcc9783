/** Export as the original's programs ask for it. */
import { randomUUID } from 'node:crypto';
import type { ExportClient, ExportState } from '../export.ts';
import { documentOf } from './payload.ts';

/** @throws DataboxError `permission.refused`, `export.refused`, `export.full`, `export.unknown` */
export type OriginalExportClient = {
  /**
   * Hands over a payload, or, with the id of an earlier answer, waits for its next state (20 s at most). Ask again until it
   * is `Finished`: `{ id: '…', state: 'Finished', ext_response: { status: '200 OK', body: '…' } }`.
   * @param destination exactly one of the manifest's export-whitelist
   * @param payload     an object or array, or its JSON text
   */
  Longpoll(destination: string, payload: unknown, id?: string): Promise<ExportState>;
};

/** Both resolve to the destination's answer, `{ id, state: 'Finished', ext_response: { status, body } }`. */
export type Exporting = {
  /** Hands it over once: rejected where the box does not answer. @throws DataboxError as `Longpoll` */
  longpoll(destination: string, payload: unknown): Promise<ExportState>;
  /**
   * Waits for a box that does not answer, and lets it send again, under the same `Idempotency-Key`, what may or may not have
   * arrived. @throws DataboxError as `Longpoll`
   */
  queue(destination: string, payload: unknown): Promise<ExportState>;
};

export const createExportClient = (exporting: ExportClient): OriginalExportClient => ({
  Longpoll: async (destination, payload, id = '') => exporting.longpoll(destination, documentOf(payload), id),
});

export const createExporting = (here: () => ExportClient): Exporting => ({
  longpoll: async (destination, payload) => here().send(destination, documentOf(payload)),
  queue: async (destination, payload) =>
    here().send(destination, documentOf(payload), { idempotencyKey: randomUUID() }),
});
