import type { Express } from 'express';
import { sendJson, validate } from '../../base/http.ts';
import { RetentionBody } from './bodies.ts';
import { jsonOf } from './json-body.ts';
import { sendText } from './reply.ts';
import type { AdminParts } from './types.ts';

const heartbeatMs = 15_000;
/** Bytes that may wait for a watcher; one that falls further behind is cut. */
const backlogBytes = 256 * 1024;

/** The owner's look into stores: what is there, and what a GET of a path would give a permitted app. */
export function storeCalls(app: Express, { stores }: AdminParts): void {
  app.get('/stores', async (_req, res) => {
    const each = stores.names().map(async (name) => ({ name, ...(await stores.stats(name)) }));
    sendJson(res, 200, await Promise.all(each));
  });
  app.get('/watch/:store/*path', (req, res) => {
    const path = req.originalUrl.slice(`/watch/${req.params.store}`.length);
    const line = (text: string): boolean => res.write(`${text}\n`) || res.writableLength <= backlogBytes;
    const end = stores.watch(req.params.store, path, {
      tell: line,
      end: (reason) => void res.end(`${JSON.stringify({ end: reason })}\n`),
    });
    const heartbeat = setInterval(() => line(''), heartbeatMs);
    res.once('close', () => (clearInterval(heartbeat), end()));
    res.writeHead(200, { 'content-type': 'application/x-ndjson' }).flushHeaders();
  });
  app.post('/retention/:store', async (req, res) => {
    const { path, kept } = validate(RetentionBody, await jsonOf(req));
    sendJson(res, 200, await stores.retain(req.params.store, path, kept));
  });
  app.get('/stores/:store/*path', async (req, res) => {
    // As sent, query included: the store has the one grammar of its paths.
    const path = req.originalUrl.slice(`/stores/${req.params.store}`.length);
    const { type, body } = await stores.read(req.params.store, path, acceptOf(req.headers.accept));
    sendText(res, type, body);
  });
}

function acceptOf(accept = ''): 'json' | 'text' | 'binary' {
  if (accept.startsWith('text/plain')) return 'text';
  return accept.startsWith('application/octet-stream') ? 'binary' : 'json';
}
