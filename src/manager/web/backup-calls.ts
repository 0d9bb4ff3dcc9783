import type { Express, Request, Response } from 'express';
import { pipeline } from 'node:stream/promises';
import { sendJson } from '../../base/http.ts';
import type { AdminParts } from './types.ts';

/** Backups of stores, out and in, as streams. */
export function backupCalls(app: Express, { manager, log }: AdminParts): void {
  app.get('/backups/:store', async (req, res) => {
    const { content } = await manager.backup(req.params.store);
    res.writeHead(200, { 'content-type': 'application/octet-stream' });
    // The status line is out: a reader knows by the seal that is missing.
    await pipeline(content, res).catch((err: unknown) => log.warn({ err }, 'backup was cut off'));
    // When who asked has gone before it begins, it is not touched, and would hold the copy's room on the disk.
    content.destroy();
  });
  app.post('/backups/:store', async (req: Request<{ store: string }>, res: Response) => {
    const parts = (req as AsyncIterable<Buffer>)[Symbol.asyncIterator]();
    try {
      const { header, setAside } = await manager.restore(req.params.store, { [Symbol.asyncIterator]: () => parts });
      sendJson(res, 200, { restored: header, setAside });
    } catch (err) {
      // Who still sends does not hear an answer.
      await readOn(parts).catch(() => {});
      throw err;
    }
  });
}

async function readOn(parts: AsyncIterator<Buffer>): Promise<void> {
  while (!(await parts.next()).done);
}
