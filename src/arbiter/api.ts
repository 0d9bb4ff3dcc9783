/** The arbiter's HTTP surface, as routes.ts serves it. */
import { z } from 'zod';
import { Catalogue, descriptionCall, jsonOf, textOf, type Api } from '../base/api.ts';
import { methods } from '../base/names.ts';
import { TokenRequest } from './routes.ts';

const Asked = TokenRequest.meta({
  id: 'TokenRequest',
  description: `\`method\` is one of ${methods.join(', ')}; \`path\` may end in \`*\`; caveats are exactly those of the grant`,
  examples: [{ target: 'driver-os-monitor-core-store', path: '/ts/load/*', method: 'GET' }],
});

export const arbiterApi: Api = {
  name: 'arbiter',
  title: 'Databox arbiter',
  description: 'Tokens for what the owner agreed to. See tokens.md.',
  server: { url: 'https://arbiter:8080' },
  security: {
    key: { type: 'apiKey', in: 'header', name: 'X-Api-Key', description: 'the component’s key, from its own address' },
    bearer: { type: 'http', scheme: 'bearer', description: 'the same key' },
  },
  problems: ['key.invalid', 'rate.exceeded', 'path.unknown', 'path.invalid'],
  calls: {
    'GET /openapi.json': { ...descriptionCall, open: true },
    'POST /token': {
      summary: 'A token for one method on one path of one target',
      body: jsonOf(Asked),
      answers: {
        200: { what: 'the token, good for an hour', content: textOf(z.string().regex(/^[\w-]+\.[\w-]+\.[\w-]+$/)) },
      },
      problems: ['body.invalid', 'body.too-large', 'permission.refused'],
    },
    'GET /cat': {
      summary: 'The root catalogue: where each component would have a store',
      answers: { 200: { what: 'a hypercat', content: jsonOf(Catalogue) } },
    },
    'GET /status': {
      summary: 'Whether it works',
      answers: { 200: { what: 'it does', content: textOf(z.literal('active')) } },
    },
  },
};
