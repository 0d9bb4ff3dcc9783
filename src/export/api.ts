/** The export service's HTTP surface, as routes.ts serves it. */
import { z } from 'zod';
import { descriptionCall, jsonOf, type Api, type Call } from '../base/api.ts';
import { Body, Key, longestWaitSeconds } from './routes.ts';

const Asked = Body.meta({
  id: 'ExportRequest',
  description: '`data` is the text of a JSON object or array; `id` is empty for a new export',
  examples: [{ id: '', uri: 'https://export.example.org/in', data: '{"a":1}' }],
});

/** How an export stands. */
const State = z
  .strictObject({
    id: z.string(),
    state: z.enum(['Pending', 'Processing', 'Finished']),
    ext_response: z.strictObject({
      status: z.string().optional(),
      body: z.string().optional(),
      truncated: z.literal(true).optional(),
    }),
  })
  .meta({ id: 'ExportState', description: '`ext_response` is empty until the export is finished' });

const call: Call = {
  summary: 'Sends data to an agreed destination, or asks how an export stands',
  headers: z.object({ 'idempotency-key': Key.optional() }),
  body: jsonOf(Asked),
  answers: { 200: { what: 'how it stands', content: jsonOf(State) } },
  problems: [
    ...(['body.invalid', 'body.too-large', 'export.refused', 'export.unknown', 'export.conflict'] as const),
    ...(['export.full', 'rate.exceeded', 'database.unavailable'] as const),
  ],
};

export const exportApi: Api = {
  name: 'export',
  title: 'Databox export service',
  description: 'The only way out of the box. See export.md.',
  server: { url: 'https://export-service:8080' },
  security: {
    token: {
      ...{ type: 'apiKey', in: 'header', name: 'X-Api-Key' },
      description: 'a token of the arbiter for export-service and this path, with the destination as caveat',
    },
    bearer: { type: 'http', scheme: 'bearer', description: 'the same token' },
  },
  problems: ['token.missing', 'token.invalid', 'token.forbidden', 'path.invalid', 'path.unknown'],
  calls: {
    'GET /openapi.json': { ...descriptionCall, open: true },
    'POST /export': call,
    'POST /lp/export': {
      ...call,
      summary: 'The same; with an id it waits for the next change of state',
      query: z.object({
        timeout: z
          .number()
          .min(0)
          .optional()
          .meta({ description: `seconds, at most ${longestWaitSeconds}; else 5` }),
      }),
    },
  },
};
