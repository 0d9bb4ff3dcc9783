import express from 'express';
import { z } from 'zod';
import { describedBy, descriptionPath } from '../base/description.ts';
import { Failure } from '../base/errors.ts';
import type { Pace } from '../base/excess.ts';
import { callerOf, parseJson, problems, readBody, sendJson, tokenOf, validate } from '../base/http.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Handler } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import { methods } from '../base/names.ts';
import { recorded, type OnRefused } from '../base/refusals.ts';
import { Caveats } from './caveats.ts';
import type { Catalogue } from './catalogue.ts';
import type { MintRequest } from './judge.ts';

const bodyLimitBytes = 64 * 1024;

export const TokenRequest = z.strictObject({
  target: z.string().min(1).max(64),
  path: z.string(),
  method: z.string(),
  caveats: Caveats.nullish().transform((list) => list ?? []),
});

export type Parts = {
  authenticate: (key: string, caller: Ip) => string;
  mint: (name: string, request: MintRequest) => string;
  catalogue: () => Catalogue;
  pace: Pace;
  onRefused: OnRefused | undefined;
  log: Log;
};

const describe = describedBy(new URL('./openapi.json', import.meta.url));

/** `POST /token`, `GET /cat`, `GET /status`: each for an authentic component. `GET /openapi.json` is for anyone. */
export function routes({ authenticate, mint, catalogue, pace, onRefused, log }: Parts): Handler {
  const app = express();
  app.disable('x-powered-by').disable('etag').enable('strict routing').enable('case sensitive routing');
  app.get(descriptionPath, (_req, res) => describe(res));
  app.use((req, res, next) => {
    const component = authenticate(tokenOf(req), callerOf(req));
    pace(component, 'arbiter');
    res.locals['component'] = component;
    res.setHeader('cache-control', 'no-store');
    next();
  });
  app.post('/token', async (req, res) => {
    const body = validate(TokenRequest, parseJson((await readBody(req, bodyLimitBytes)).toString('utf8')));
    const method = methods.find((known) => known === body.method);
    if (!method) throw new Failure('permission.refused', `no permission has the method ${body.method.slice(0, 20)}`);
    const token = mint(String(res.locals['component']), { ...body, method });
    res.writeHead(200, { 'content-type': 'text/plain', 'content-length': token.length }).end(token);
  });
  app.get('/cat', (_req, res) => sendJson(res, 200, catalogue()));
  app.get('/status', (_req, res) => void res.type('text/plain').send('active'));
  app.use((req) => {
    throw new Failure('path.unknown', `the arbiter has no ${req.method} ${req.path.slice(0, 100)}`);
  });
  app.use(recorded('arbiter', onRefused));
  app.use(problems(log));
  return app;
}
