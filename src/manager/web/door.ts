import express from 'express';
import helmet from 'helmet';
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Duplex } from 'node:stream';
import { asksForDescription, describedBy } from '../../base/description.ts';
import { Failure } from '../../base/errors.ts';
import { callerOf, sendProblem } from '../../base/http.ts';
import type { Handler } from '../../base/listen.ts';
import { appStoreApi } from './app-store.ts';
import { sendCertificate } from './clear.ts';
import { coreUiApi } from './core-ui.ts';
import { checkHost, checkOrigin } from './origin.ts';
import { loginPage, pageCss, pageJs, problemPage, statusPage } from './pages.ts';
import { isOpenToAll, requestPath, type RequestPath } from './paths.ts';
import { passageFor } from './passage.ts';
import { passOn, passOnUpgrade, refuseUpgrade } from './proxy.ts';
import { noSuchPath, originalProblems, sendPage, sendText, succeed } from './reply.ts';
import type { Session } from './sessions.ts';
import type { DoorOptions } from './types.ts';

type Exchange = { req: IncomingMessage; res: ServerResponse; path: RequestPath };

/** Owner's pages load from the box only, and nobody frames them. No HSTS: it would lock out who does not trust us yet. */
const secure = helmet({
  contentSecurityPolicy: {
    useDefaults: false,
    directives: {
      ...{ defaultSrc: ["'none'"], scriptSrc: ["'self'"], styleSrc: ["'self'"], imgSrc: ["'self'"] },
      ...{ connectSrc: ["'self'"], frameAncestors: ["'none'"], formAction: ["'none'"], baseUri: ["'none'"] },
    },
  },
  strictTransportSecurity: false,
});

const describe = describedBy(new URL('./owner.openapi.json', import.meta.url));

/** The rules of the owner's HTTPS, in the order of the original (rules 1 to 4), behind the checks of host and origin. */
export function ownerDoor(o: DoorOptions): { handler: Handler; onUpgrade: UpgradeListener } {
  const api = apiOf(o);
  const serve = async ({ req, res, path }: Exchange): Promise<void> => {
    if (isOpenToAll(path)) return openPages(res, path, o);
    if (isLogIn(req)) return logIn({ req, res, path }, o);
    const session = o.sessions.find(req.headers.cookie);
    if (!session) throw new Failure('session.required', 'log in first');
    if (asksForDescription(req)) return describe(res);
    const [first, , third] = path.segments;
    if (first !== undefined && first !== 'core-ui' && first !== 'app-store') {
      return visit({ req, res, path }, session, o);
    }
    dress(req, res);
    if (path.segments.length > 0 && path.segments.length < 3) return void res.writeHead(302, { location: '/' }).end();
    if (first === undefined) return sendPage(res, 200, statusPage(await o.manager.list()));
    if (third === 'api' && path.raw === '/core-ui/ui/api/logout' && req.method === 'POST') {
      res.setHeader('set-cookie', o.sessions.end(session));
      return succeed(res);
    }
    // Express sees the path that the rules saw.
    req.url = path.raw + path.query;
    api(req, res);
  };
  return {
    handler: (req, res) => {
      const answer = async (): Promise<void> => serve({ req, res, path: checked(req, o) });
      answer().catch((err: unknown) => refuse(req, res, { err, ...o }));
    },
    onUpgrade: upgradeListener(o),
  };
}

/** Host, path and origin: what is refused before anybody asks who is there. */
function checked(req: IncomingMessage, { config }: DoorOptions): RequestPath {
  checkHost(req, config['owner.host-name']);
  const path = requestPath(req.url ?? '');
  if (req.method === 'TRACE') throw new Failure('method.refused', 'TRACE is not served');
  const reads = req.method === 'GET' || req.method === 'HEAD' || req.method === 'OPTIONS';
  checkOrigin(req, !reads || isLogIn(req) || path.raw.startsWith('/app-store/ui/api/'));
  return path;
}

function apiOf({ manager, appstore, ledger, log }: DoorOptions): Handler {
  const app = express();
  app.disable('x-powered-by').enable('case sensitive routing');
  app.use('/core-ui/ui/api', coreUiApi({ manager, appstore, ledger, log }));
  app.use('/app-store/ui/api', appStoreApi({ appstore, log }));
  app.use(noSuchPath);
  app.use(originalProblems(log));
  return app;
}

/** Rule 1: the login page, what it loads, and the certificate. */
function openPages(res: ServerResponse, { segments }: RequestPath, { manager }: DoorOptions): void {
  dress(res.req, res);
  const file = segments.slice(2).join('/');
  if (file === 'page.css') sendText(res, 'text/css; charset=utf-8', pageCss);
  else if (file === 'page.js') sendText(res, 'text/javascript; charset=utf-8', pageJs);
  else if (file === '') sendPage(res, 200, loginPage());
  else if (!sendCertificate(res, file, manager.authority)) throw notFound();
}

const isLogIn = (req: IncomingMessage): boolean => /^Token /.test(req.headers.authorization ?? '');

/** Rule 2: the password opens a session under a new id, on whatever path it came. */
async function logIn({ req, res }: Exchange, { password, sessions, throttle, log }: DoorOptions): Promise<void> {
  const source = callerOf(req);
  throttle.admit(source);
  // A header holds bytes; they are UTF-8.
  const given = Buffer.from((req.headers.authorization ?? '').slice('Token '.length), 'latin1').toString('utf8');
  if (given.length > 1_024 || !(await password.verify(given))) {
    log.warn({ source }, 'log-in refused');
    throw new Failure('session.refused', 'the password is wrong');
  }
  throttle.succeeded(source);
  const before = sessions.find(req.headers.cookie);
  if (before) sessions.end(before);
  log.info({ source }, 'owner logged in');
  dress(req, res);
  res.setHeader('set-cookie', sessions.open());
  sendText(res, 'text/plain; charset=utf-8', 'connected');
}

async function visit({ req, res, path }: Exchange, session: Session, o: DoorOptions): Promise<void> {
  const [component] = path.segments;
  if (path.segments.length > 1) return passOn(passageFor({ req, path, session, ...o }), res);
  passageFor({ req, path, session, ...o });
  res.writeHead(302, { location: `/${component}/ui` }).end();
}

type UpgradeListener = (req: IncomingMessage, socket: Duplex, head: Buffer) => void;

/** WebSockets: the same host, origin and session rules; nothing but a component's page takes one. */
const upgradeListener =
  (o: DoorOptions): UpgradeListener =>
  (req, socket, head) => {
    socket.on('error', () => socket.destroy());
    try {
      const path = checked(req, o);
      checkOrigin(req, true);
      const session = o.sessions.find(req.headers.cookie);
      if (!session) throw new Failure('session.required', 'log in first');
      if (req.headers.upgrade?.toLowerCase() !== 'websocket' || path.segments.length < 2) throw notFound();
      passOnUpgrade(passageFor({ req, path, session, ...o }), socket, head).catch(() => socket.destroy());
    } catch (err) {
      refuseUpgrade(req, socket, err);
    }
  };

function refuse(req: IncomingMessage, res: ServerResponse, { err, log }: { err: unknown } & DoorOptions): void {
  if (!(err instanceof Failure)) log.error({ err, method: req.method }, 'request failed');
  if (res.headersSent) return void res.destroy();
  dress(req, res);
  const forPerson = req.method === 'GET' && (req.headers.accept ?? '').includes('text/html') && err instanceof Failure;
  if (forPerson && err.code === 'session.required') sendPage(res, 401, loginPage());
  else if (forPerson && err.code === 'path.unknown') sendPage(res, 404, problemPage('Page not found'));
  else sendProblem(res, err);
}

/** Our own answers: helmet's headers, and nothing of them stays in a cache. */
function dress(req: IncomingMessage, res: ServerResponse): void {
  res.setHeader('cache-control', 'no-store');
  secure(req, res, () => {});
}

const notFound = (): Failure => new Failure('path.unknown', 'page not found');
