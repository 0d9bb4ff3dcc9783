import { type Request, type Response, Router } from 'express';
import type { z } from 'zod';
import type { Appstore } from '../../appstore/index.ts';
import { Failure } from '../../base/errors.ts';
import { sendJson, validate } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';
import type { Ledger } from '../../ledger/index.ts';
import type { Manager } from '../face.ts';
import { auditCalls } from './audit-calls.ts';
import { AskedBody, Named, NamedLine, Uninstall } from './bodies.ts';
import { jsonOf } from './json-body.ts';
import { succeed } from './reply.ts';

type Parts = { manager: Manager; appstore: Appstore; ledger: Ledger; log: Log };

/** `/core-ui/ui/api`: what the original's pages, its test and phones call. */
export function coreUiApi({ manager, appstore, ledger, log }: Parts): Router {
  const router = Router({ caseSensitive: true });
  const body = async <T>(req: Request, schema: z.ZodType<T>): Promise<T> => validate(schema, await jsonOf(req));

  // Answered before the install runs: pulling an image takes minutes, and the caller polls containerStatus.
  router.post('/install', async (req: Request, res: Response) => {
    const request = await body(req, AskedBody);
    await manager.check(request);
    succeed(res);
    manager.install(request).catch((err: unknown) => log.error({ err }, 'install failed'));
  });
  router.post('/uninstall', async (req: Request, res: Response) => {
    const { name, data } = await body(req, Uninstall);
    await manager.uninstall(name, data === undefined ? {} : { data });
    succeed(res);
  });
  router.post('/restart', async (req: Request, res: Response) => {
    await manager.restart((await body(req, Named)).name);
    succeed(res);
  });
  for (const change of ['revoke', 'allow'] as const) {
    router.post(`/${change}`, async (req: Request, res: Response) => {
      const { name, ...line } = await body(req, NamedLine);
      await manager[change](name, line);
      succeed(res);
    });
  }
  router.post('/review', async (req: Request, res: Response) => {
    sendJson(res, 200, await manager.review(await body(req, AskedBody)));
  });
  reads(router, manager, appstore);
  auditCalls(router, () => ledger);
  return router;
}

function reads(router: Router, manager: Manager, appstore: Appstore): void {
  router.get('/containerStatus', async (_req, res) => sendJson(res, 200, await manager.list()));
  router.get('/dataSources', async (_req, res) => sendJson(res, 200, await manager.dataSources()));
  router.get('/permissions/:name', (req, res) => sendJson(res, 200, manager.sla(req.params.name)));
  router.get('/appStore', (_req, res) => {
    const names = (type: string): string[] =>
      appstore.list().flatMap(({ manifest }) => (manifest['databox-type'] === type ? [manifest.name] : []));
    sendJson(res, 200, { apps: names('app'), drivers: names('driver') });
  });
  router.get('/manifest/:name', (req, res) => sendJson(res, 200, manifestOf(appstore, req.params.name)));
  router.get('/drivers/:name', async (req, res) => {
    const wanted = new Set(manifestOf(appstore, req.params.name).datasources.map(({ type }) => type));
    const present = new Set((await manager.list()).map(({ name }) => name));
    const drivers = appstore
      .list()
      .filter(({ manifest }) => manifest['databox-type'] === 'driver' && !present.has(manifest.name))
      .filter(({ manifest }) => manifest.provides.some((provided) => wanted.has(provided['data-source-type'])));
    sendJson(
      res,
      200,
      drivers.map(({ manifest }) => manifest),
    );
  });
}

function manifestOf(appstore: Appstore, name: string) {
  const entry = appstore.find(name);
  if (!entry) throw new Failure('manifest.unknown', `no repository has a manifest of ${name}`, { name });
  return entry.manifest;
}
