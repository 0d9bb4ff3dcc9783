import type { Express } from 'express';
import { z } from 'zod';
import { sendJson, validate } from '../../base/http.ts';
import { jsonOf } from './json-body.ts';
import type { AdminParts } from './types.ts';

export const Repository = z.strictObject({ name: z.string().min(1).max(200), url: z.string().min(1).max(2_048) });
export const Search = z.strictObject({ search: z.string().max(200).optional() });

/** Manifest repositories and what they offer. */
export function repositoryCalls(app: Express, { appstore }: AdminParts): void {
  app.get('/repositories', (_req, res) => sendJson(res, 200, appstore.repositories()));
  app.post('/repositories', async (req, res) => {
    sendJson(res, 201, appstore.addRepository(validate(Repository, await jsonOf(req))));
  });
  app.delete('/repositories', async (req, res) => {
    appstore.removeRepository(validate(Repository.pick({ url: true }), await jsonOf(req)).url);
    sendJson(res, 200, {});
  });
  app.post('/repositories/sync', async (_req, res) => sendJson(res, 200, await appstore.sync()));
  app.get('/manifests', (req, res) => {
    const { search } = validate(Search, req.query);
    sendJson(res, 200, search === undefined ? appstore.list() : appstore.search(search));
  });
  app.post('/manifests', async (req, res) => sendJson(res, 201, appstore.add(await jsonOf(req))));
}
