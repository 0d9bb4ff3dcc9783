/** The part of the admin socket that is about stores. */
import { z } from 'zod';
import { binary, jsonOf, type Call, type Route } from '../../../base/api.ts';
import { RetentionBody } from '../bodies.ts';
import { RestoredShape, RetentionShape, StoreShape } from './shapes.ts';

type Calls = Record<Route, Call>;
const Watched = z.union([
  z.strictObject({ timestamp: z.number(), path: z.string(), format: z.string(), data: z.unknown() }),
  z.strictObject({ end: z.enum(['closed', 'expired', 'revoked', 'slow']) }),
]);
const ofStore = z.object({ store: z.string().meta({ examples: ['driver-x-core-store'] }) });
const octets = { 'application/octet-stream': binary };

/** The owner's look into stores, and their backups. */
export const stores: Calls = {
  'GET /stores': {
    summary: 'Stores and their datasources',
    answers: { 200: { what: 'each store', content: jsonOf(z.array(StoreShape)) } },
    problems: ['store.unknown', 'store.unavailable'],
  },
  'GET /watch/{store}/{path*}': {
    summary: 'What is written to a path, while it is written; a last `*` stands for any further characters',
    path: z.object({
      store: z.string().meta({ examples: ['driver-x-core-store'] }),
      path: z.string().meta({ examples: ['ts/load'] }),
    }),
    answers: {
      200: {
        what: 'lines of JSON; empty ones show that the connection lives, the last one why it ends',
        content: { 'application/x-ndjson': Watched.meta({ description: 'each line' }) },
      },
    },
    problems: ['store.unknown', 'store.unavailable', 'path.invalid'],
  },
  'GET /stores/{store}/{path*}': {
    summary: 'What a GET of the path would give a permitted app; `Accept` as there',
    path: z.object({
      store: z.string().meta({ examples: ['driver-x-core-store'] }),
      path: z.string().meta({ description: 'of the store’s own description', examples: ['ts/load/latest'] }),
    }),
    answers: { 200: { what: 'as the store answers', content: { '*/*': z.string() } } },
    problems: [
      ...(['store.unknown', 'store.unavailable', 'method.refused', 'value.invalid', 'body.too-large'] as const),
      'content.unsupported',
    ],
  },
  'POST /retention/{store}': {
    ...{ summary: 'Sets what is kept of a series', path: ofStore, body: jsonOf(RetentionBody) },
    notes: 'What is left out stays as it is. What is not kept is removed within minutes, a few entries at a time.',
    answers: { 200: { what: 'what is kept now', content: jsonOf(RetentionShape) } },
    problems: [
      ...(['body.invalid', 'body.too-large', 'datasource.invalid', 'datasource.unknown', 'value.invalid'] as const),
      ...(['store.unknown', 'store.unavailable', 'store.full'] as const),
    ],
  },
  'GET /backups/{store}': {
    ...{ summary: 'A backup of a store; it goes on meanwhile', path: ofStore },
    notes: 'Whole when its last 32 bytes are the SHA-256 of those before.',
    answers: { 200: { what: 'one line of JSON, the database as a zstd frame, the seal', content: octets } },
    problems: ['store.unknown', 'store.unavailable', 'store.full'],
  },
  'POST /backups/{store}': {
    ...{ summary: 'Exchanges the data of a store for that of a backup', path: ofStore, body: octets },
    notes: 'Refused whole, or done: of the same store, kind of component and origin, and unaltered.',
    answers: { 200: { what: 'what was restored', content: jsonOf(RestoredShape) } },
    problems: [
      ...(['backup.invalid', 'backup.foreign', 'database.newer'] as const),
      ...(['store.unknown', 'store.unavailable', 'store.full', 'ledger.unavailable'] as const),
    ],
  },
};
