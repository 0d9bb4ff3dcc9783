/**
 * The REST door of a store. A bare handler, because it is the hot path: a framework costs more than a durable write.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { asksForDescription, describedBy } from '../base/description.ts';
import { Failure, failures, problem } from '../base/errors.ts';
import { callerOf, sendProblem, tokenOf } from '../base/http.ts';
import type { Handler } from '../base/listen.ts';
import type { Log } from '../base/log.ts';
import { storeName } from '../base/names.ts';
import { isRefusal, refusalOf } from '../base/refusals.ts';
import { serveFunction } from './calls.ts';
import type { AuditEvent, EndReason, Observer } from './events.ts';
import { deadline } from '../base/deadline.ts';
import { parse } from './grammar.ts';
import { account, type Door, type Exchange } from './exchange.ts';
import type { Authorised } from './open-store.ts';
import type { Operation } from './operations.ts';
import { bucketOf, wholeBuckets } from './granularity.ts';
import { laidOut } from './layout.ts';
import { onlyIf, readPrecondition, unconditional } from './precondition.ts';
import { erase, post, postBatch, postLines } from './posts.ts';
import { sendInfo, sendPage, sendRead } from './reply.ts';
import { formatOf, readRequest, type Asked } from './request.ts';
import { openStream } from './stream.ts';

/** How a request ended, for audit observers. */
type Outcome = Pick<AuditEvent, 'component' | 'format' | 'observe' | 'status'>;

const describe = describedBy(new URL('./openapi.json', import.meta.url));

export const createHandler =
  (door: Door): Handler =>
  (req, res) => {
    if (asksForDescription(req)) return describe(res);
    serve(door, req, res).catch(async (err: unknown) => {
      // The caller hung up half-way: nobody to tell, nothing wrong.
      if (req.destroyed && !req.complete && !(err instanceof Failure)) return void res.destroy();
      if (isRefusal(err)) await door.ledger?.refused(refusalOf(req, door.target, err));
      sendProblem(res, outward(err, door.log));
    });
  };

/** A token first: a stranger learns not even whether a path exists. */
async function serve(door: Door, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const token = tokenOf(req);
  if (token === '') throw new Failure('token.missing', 'send the token in X-Api-Key or Authorization: Bearer');
  const asked = readRequest(req);
  const exchange: Exchange = { door, store: door.store(), req, res, asked, moved: { bytes: 0 } };
  const observed = asked.observe && { observe: asked.observe.mode, format: asked.observe.format ?? 'json' };
  const outcome: Outcome = { component: null, format: 'json', ...observed, status: 200 };
  try {
    const who = authorised(exchange, token);
    outcome.component = who.component;
    const only = readPrecondition(req.headers);
    if (asked.observe) {
      unconditional(only);
      return observe(exchange, who, () => audit(exchange, outcome));
    }
    outcome.format = formatOf(asked, req);
    const operation = onlyIf(parse({ ...asked, format: outcome.format }), only);
    const permitted = wholeBuckets(laidOut(operation, asked, req.headers.accept), who);
    outcome.status = await perform(exchange, permitted, who);
    account(exchange, who.component);
    audit(exchange, outcome);
  } catch (err) {
    // An answer that broke off: what was sent was read.
    if (exchange.moved.bytes > 0 && outcome.component !== null) account(exchange, outcome.component);
    outcome.status = err instanceof Failure ? failures[err.code].http : failures.internal.http;
    audit(exchange, outcome);
    throw err;
  }
}

function authorised({ door, req, asked }: Exchange, token: string): Authorised {
  const { method, path, observe } = asked;
  const use = { caller: callerOf(req), target: door.target, method, path };
  const everyMs = observe ? undefined : bucketOf(path);
  const who = paced(door, use.caller, () =>
    door.authorise(token, {
      ...use,
      ...(observe && { observe: observe.mode }),
      ...(everyMs !== undefined && { everyMs }),
    }),
  );
  if (observe?.mode !== 'audit' || mayAudit(who, door.target)) return who;
  const sentence = 'audit is for the component whose store this is, or for a token with the caveat {"observe":"audit"}';
  throw new Failure('token.forbidden', sentence);
}

/** Counts the request for the component whose token it is; one whose token is refused, for the address. */
function paced({ pace, target }: Door, caller: string, authorise: () => Authorised): Authorised {
  let who: Authorised;
  try {
    who = authorise();
  } catch (err) {
    pace(caller, target);
    throw err;
  }
  pace(who.component, target);
  return who;
}

/** To read data is not to learn who else uses it, and when. */
const mayAudit = ({ component, caveats = [] }: Authorised, store: string): boolean =>
  storeName(component) === store || caveats.some((caveat) => caveat['observe'] === 'audit');

/** Does what is asked and answers. Returns the status. */
async function perform(exchange: Exchange, operation: Operation, { component }: Authorised): Promise<number> {
  switch (operation.do) {
    case 'hello':
    case 'time':
    case 'uptime':
    case 'status':
      sendInfo(exchange, operation);
      return 200;
    case 'register':
    case 'put':
    case 'append':
      return post(exchange, operation, component);
    case 'function':
      return serveFunction(exchange, operation, component);
    case 'batch':
      return operation.lines ? postLines(exchange, operation, component) : postBatch(exchange, operation, component);
    case 'drop':
    case 'erase':
      return erase(exchange, operation, component);
    case 'entries':
      return sendEntries(exchange, operation, component);
    default:
      return sendRead(exchange, operation);
  }
}

type Entries = Extract<Operation, { do: 'entries' }>;
async function sendEntries(exchange: Exchange, operation: Entries, component: string): Promise<number> {
  const { path, page, lines = false } = exchange.asked;
  if (!page) return sendRead(exchange, operation);
  return sendPage(exchange, operation, { cursor: page.cursor, about: { component, path, lines } });
}

/** @param begins  tells those who watch already that this one does; itself it is not told */
function observe(
  { req, res, store, asked }: Exchange,
  { component, until = Infinity }: Authorised,
  begins: () => void,
): void {
  const { mode, format } = asked.observe as NonNullable<Asked['observe']>;
  const { 'last-event-id': last } = req.headers;
  const gap = typeof last === 'string' ? store.marks.gapSince(mode, last) : undefined;
  // After the gap was measured: its own coming back is nothing that it missed.
  begins();
  const stream = openStream(res, {
    mark: () => store.marks.now(mode, Date.now()),
    gap,
    onSlow: () => finish('slow'),
    onClose: () => leave(),
  });
  const finish = (reason: EndReason): void => {
    leave();
    stream.end(reason);
  };
  const observer: Observer = {
    ...{ component, mode, format, path: asked.path },
    tell(text, event) {
      if (life.isOver()) return finish('expired');
      stream.send(text);
      if (event.mode !== 'audit') store.accounts.read({ component, path: event.path }, Buffer.byteLength(event.json));
    },
    end: (reason) => stream.end(reason),
  };
  const remove = store.observers.add(observer);
  const life = deadline(until, () => finish('expired'));
  const leave = (): void => {
    life.cancel();
    remove();
  };
}

/** Tells audit observers of a request, once it is answered or refused. */
function audit({ store, asked: { method, path } }: Exchange, outcome: Outcome): void {
  store.marks.count('audit');
  if (!store.observers.watches('audit', path)) return;
  store.observers.tell({ mode: 'audit', timestamp: Date.now(), method, path, ...outcome });
}

/** What a caller may see: defects are logged and become `internal`; causes stay here. */
function outward(err: unknown, log: Log): unknown {
  if (!(err instanceof Failure) || err.code === 'internal') {
    log.error({ err, details: err instanceof Failure ? err.details : undefined }, 'store request failed');
    return undefined;
  }
  const { cause, ...details } = err.details;
  if (problem(err).status >= 500) log.warn({ err, cause }, 'store refused a request');
  return new Failure(err.code, err.message, details);
}
