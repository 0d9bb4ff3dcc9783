/** Every HTTP surface, for those who print and check its description. Nothing that runs imports this. */
import { z } from 'zod';
import { arbiterApi } from './arbiter/api.ts';
import { jsonOf, type Api } from './base/api.ts';
import { exportApi } from './export/api.ts';
import { adminApi } from './manager/web/api/admin.ts';
import { clearApi, ownerApi } from './manager/web/api/owner.ts';
import { EntryShape, PostedManifest } from './manager/web/api/shapes.ts';
import { storeApi } from './store/api.ts';

/** What `databox dev` adds to the parts that it serves. */
export const deskApi: Api = {
  name: 'desk',
  title: 'Databox, author’s desk',
  description: 'All of `databox dev`: the first segment of the path is the host’s name. Nothing is enforced.',
  server: { url: 'http://127.0.0.1:8080' },
  security: {},
  problems: ['path.unknown'],
  calls: {
    'GET /openapi.json': {
      summary: 'This description',
      answers: { 200: { what: 'an OpenAPI 3.1 document', content: jsonOf(z.looseObject({ openapi: z.string() })) } },
    },
    'GET /app-store/manifests': {
      summary: 'The manifests that have a seat',
      answers: { 200: { what: 'each with where it came from', content: jsonOf(z.array(EntryShape)) } },
      problems: ['method.refused'],
    },
    'POST /app-store/manifests': {
      summary: 'Gives a manifest a seat: a key, a store, and all rights',
      body: jsonOf(PostedManifest),
      answers: { 200: { what: 'it has one', content: jsonOf(EntryShape) } },
      problems: ['body.invalid', 'body.too-large', 'manifest.invalid', 'manifest.exists', 'method.refused'],
    },
  },
};

export const apis = { storeApi, arbiterApi, exportApi, ownerApi, clearApi, adminApi, deskApi };

/** What the desk serves, and below which path. */
export const deskParts: readonly { under: string; api: Api }[] = [
  { under: '', api: deskApi },
  { under: '/arbiter', api: arbiterApi },
  { under: '/export-service', api: exportApi },
  { under: '/{store}', api: storeApi },
];

/** Where each printed document lies, beside the code that serves it. */
export const documentFiles: readonly { file: string; parts: readonly { under: string; api: Api }[] }[] = [
  { file: 'src/store/openapi.json', parts: [{ under: '', api: storeApi }] },
  { file: 'src/arbiter/openapi.json', parts: [{ under: '', api: arbiterApi }] },
  { file: 'src/export/openapi.json', parts: [{ under: '', api: exportApi }] },
  { file: 'src/manager/web/owner.openapi.json', parts: [{ under: '', api: ownerApi }] },
  { file: 'src/manager/web/admin.openapi.json', parts: [{ under: '', api: adminApi }] },
  { file: 'src/openapi.json', parts: deskParts },
];
