import type { IRouter } from 'express';
import { z } from 'zod';
import { sendJson, validate } from '../../base/http.ts';
import type { Ledger, Looking } from '../../ledger/index.ts';

const whole = z.coerce.number<string>().int().min(0);
const name = z.string().min(1).max(2_048);

/** `datasource`: its path, its last segment, or its href. `each`: uses as they are kept, not one sum. */
export const AuditQuery = z
  .strictObject({
    ...{ component: name.optional(), datasource: name.optional(), since: whole.optional() },
    ...{ limit: whole.min(1).max(10_000).optional(), each: z.enum(['0', '1']).optional() },
  })
  .transform(({ component, datasource, since, limit, each }): Looking & { each: boolean } => ({
    ...(component !== undefined && { component }),
    ...(datasource !== undefined && placeOf(datasource)),
    ...(since !== undefined && { since }),
    ...(limit !== undefined && { limit }),
    each: each === '1',
  }));

function placeOf(datasource: string): Pick<Looking, 'store' | 'datasource'> {
  const [, store, path] = /^tcp:\/\/([^/:]+)(?::\d+)?(\/.+)$/.exec(datasource) ?? [];
  return store !== undefined && path !== undefined ? { store, datasource: path } : { datasource };
}

/** What the ledger holds, and whether its entries are as they were written: the same on both of the owner's doors. */
export function auditCalls(router: IRouter, ledger: () => Ledger): void {
  router.get('/audit', async (req, res) => {
    const { each, ...looking } = validate(AuditQuery, req.query);
    const accesses = await ledger().accesses({ ...looking, each });
    sendJson(res, 200, { accesses, entries: await ledger().entries(looking) });
  });
  router.get('/audit/verify', async (_req, res) => sendJson(res, 200, await ledger().verify()));
}
