import { type Request, Router } from 'express';
import { z } from 'zod';
import type { Appstore } from '../../appstore/index.ts';
import { validate } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';
import { jsonOf } from './json-body.ts';
import { succeed } from './reply.ts';

export const Store = z.looseObject({ name: z.string().min(1).max(200), giturl: z.string().min(1).max(2_048) });

/** `/app-store/ui/api`: manifests that the owner uploads, and the repositories that are read. */
export function appStoreApi({ appstore, log }: { appstore: Appstore; log: Log }): Router {
  const router = Router({ caseSensitive: true });
  // Answered before the sync has run, as the original does; a repository's trouble stands in its own record.
  const sync = (): void => void appstore.sync().catch((err: unknown) => log.error({ err }, 'sync failed'));

  router.post('/addManifest', async (req: Request, res) => {
    appstore.add(await jsonOf(req));
    succeed(res);
  });
  router.post('/addStore', async (req: Request, res) => {
    const { name, giturl } = validate(Store, await jsonOf(req));
    appstore.addRepository({ name, url: giturl });
    sync();
    succeed(res);
  });
  router.post('/removeStore', async (req: Request, res) => {
    appstore.removeRepository(validate(Store.pick({ giturl: true }), await jsonOf(req)).giturl);
    sync();
    succeed(res);
  });
  router.all('/refresh', (_req, res) => {
    sync();
    succeed(res);
  });
  return router;
}
