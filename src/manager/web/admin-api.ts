import express, { type Express, type Request, type Response } from 'express';
import { describedBy, descriptionPath } from '../../base/description.ts';
import { problem } from '../../base/errors.ts';
import { problems, sendJson, validate } from '../../base/http.ts';
import type { Log } from '../../base/log.ts';
import { auditCalls } from './audit-calls.ts';
import { backupCalls } from './backup-calls.ts';
import { AskedBody, Following, LedgerQuery, Line, Removal, TokenBody } from './bodies.ts';
import { jsonOf } from './json-body.ts';
import { networkCalls } from './network-calls.ts';
import { noSuchPath } from './reply.ts';
import { repositoryCalls } from './repository-calls.ts';
import { storeCalls } from './store-calls.ts';
import type { AdminParts } from './types.ts';

const describe = describedBy(new URL('./admin.openapi.json', import.meta.url));

/** Everything that `databox …` asks of the running process. */
export function adminApi(parts: AdminParts): Express {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('case sensitive routing');
  app.get(descriptionPath, (_req, res) => describe(res));
  app.get('/status', async (_req, res) => sendJson(res, 200, await parts.manager.status()));
  app.post('/stop', (_req, res) => {
    res.once('finish', parts.stop);
    sendJson(res, 202, {});
  });
  componentCalls(app, parts);
  agreementCalls(app, parts);
  app.get('/datasources', async (_req, res) => sendJson(res, 200, await parts.manager.dataSources()));
  app.get('/exports', (req, res) => {
    sendJson(res, 200, parts.outbox.ledger(validate(LedgerQuery, req.query)));
  });
  auditCalls(app, () => parts.ledger);
  networkCalls(app, parts);
  storeCalls(app, parts);
  backupCalls(app, parts);
  repositoryCalls(app, parts);
  app.use(noSuchPath);
  app.use(problems(parts.log));
  return app;
}

function componentCalls(app: Express, { manager, log }: AdminParts): void {
  app.get('/components', async (_req, res) => sendJson(res, 200, await manager.list()));
  app.post('/review', async (req, res) => {
    sendJson(res, 200, await manager.review(validate(AskedBody, await jsonOf(req))));
  });
  app.get('/engine', (_req, res) => sendJson(res, 200, manager.engine()));
  app.post('/components', async (req: Request, res: Response) => {
    const request = validate(AskedBody, await jsonOf(req));
    await manager.check(request);
    await narrate(res, log, (line) => manager.install(request, line));
  });
  app.post('/replace', async (req: Request, res: Response) => {
    const request = validate(AskedBody, await jsonOf(req));
    await manager.checkReplacement(request);
    await narrate(res, log, (line) => manager.replace(request, line));
  });
  app.delete('/components/:name', async (req, res) => {
    await manager.uninstall(req.params.name, validate(Removal, req.query));
    sendJson(res, 200, {});
  });
  app.post('/components/:name/restart', async (req, res) => {
    await manager.restart(req.params.name);
    sendJson(res, 200, {});
  });
}

/** From here on the status line is out: what follows, good or bad, is a line of its own. */
async function narrate(res: Response, log: Log, work: (line: (value: unknown) => void) => Promise<void>) {
  const line = (value: unknown): void => void res.write(`${JSON.stringify(value)}\n`);
  res.writeHead(200, { 'content-type': 'application/x-ndjson' });
  try {
    await work(line);
    line({ done: true });
  } catch (err) {
    log.warn({ err }, 'install failed');
    line({ problem: problem(err) });
  }
  res.end();
}

function agreementCalls(app: Express, { manager }: AdminParts): void {
  app.get('/components/:name/sla', (req, res) => sendJson(res, 200, manager.sla(req.params.name)));
  for (const change of ['revoke', 'allow'] as const) {
    app.post(`/components/:name/${change}`, async (req: Request<{ name: string }>, res: Response) => {
      await manager[change](req.params.name, validate(Line, await jsonOf(req)));
      sendJson(res, 200, {});
    });
  }
  app.post('/components/:name/token', async (req, res) => {
    sendJson(res, 200, await manager.token(req.params.name, validate(TokenBody, await jsonOf(req))));
  });
  app.get('/components/:name/logs', async (req, res) => {
    const follow = validate(Following, req.query).follow === '1';
    const gone = new AbortController();
    res.once('close', () => gone.abort());
    // Asked first, so that an unknown name is an answer and not an empty log.
    manager.sla(req.params.name);
    res.writeHead(200, { 'content-type': 'text/plain; charset=utf-8' }).flushHeaders();
    const onLine = (line: string): void => void res.write(`${line}\n`);
    await manager.logs(req.params.name, { follow, signal: gone.signal, onLine });
    res.end();
  });
}
