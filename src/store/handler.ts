/**
 * The REST door of a store. A bare handler, because it is the hot path: a framework costs more than a durable write.
 */
import type { IncomingMessage, ServerResponse } from 'node:http';
import { deadline } from '../base/deadline.ts';
import { asksForDescription, describedBy } from '../base/description.ts';
import { Failure } from '../base/errors.ts';
import { callerOf, sendProblem, tokenOf } from '../base/http.ts';
import type { Handler } from '../base/listen.ts';
import { isRefusal, refusalOf } from '../base/refusals.ts';
import { call, take } from './calls.ts';
import { audit, outward, served, type Outcome } from './core.ts';
import type { EndReason, Observer } from './events.ts';
import type { Door } from './exchange.ts';
import { wholeBuckets } from './granularity.ts';
import { parse } from './grammar.ts';
import { http, type HttpExchange } from './http.ts';
import { laidOut } from './layout.ts';
import type { Authorised } from './open-store.ts';
import type { Format, Operation } from './operations.ts';
import { erase, post, postBatch, postLines } from './posts.ts';
import { onlyIf, readPrecondition, unconditional } from './precondition.ts';
import { sendInfo, sendPage, sendRead } from './reply.ts';
import { formatOf, readRequest, type Asked } from './request.ts';
import { openStream } from './stream.ts';

const describe = describedBy(new URL('./openapi.json', import.meta.url));

export const createHandler =
  (door: Door): Handler =>
  (req, res) => {
    if (asksForDescription(req)) return describe(res);
    try {
      serve(door, req, res).catch((err: unknown) => refuse(door, res, err));
    } catch (err) {
      void refuse(door, res, err);
    }
  };

async function refuse(door: Door, res: ServerResponse, err: unknown): Promise<void> {
  const { req } = res;
  // The caller hung up half-way: nobody to tell, nothing wrong.
  if (req.destroyed && !req.complete && !(err instanceof Failure)) return void res.destroy();
  if (isRefusal(err)) await door.ledger?.refused(refusalOf(req, door.target, err));
  sendProblem(res, outward(err, door.log));
}

/** A token first: a stranger learns not even whether a path exists. */
function serve(door: Door, req: IncomingMessage, res: ServerResponse): Promise<void> {
  const token = tokenOf(req);
  if (token === '') throw new Failure('token.missing', 'send the token in X-Api-Key or Authorization: Bearer');
  const asked = readRequest(req);
  const caller = callerOf(req);
  const exchange = { door, wire: http, store: door.store(), caller, token, asked, moved: { bytes: 0 }, req, res };
  return served<HttpExchange>(exchange, work);
}

function work(exchange: HttpExchange, who: Authorised, outcome: Outcome): Promise<number> | number | null {
  const { asked, req } = exchange;
  const only = readPrecondition(req.headers);
  if (asked.observe) {
    unconditional(only);
    observe(exchange, who, () => audit(exchange, outcome));
    return null;
  }
  outcome.format = formatOf(asked, req);
  const operation = onlyIf(parse({ ...asked, format: outcome.format }), only);
  return perform(exchange, wholeBuckets(laidOut(operation, asked, req.headers.accept), who), {
    component: who.component,
    format: outcome.format,
  });
}

type About = { component: string; format: Format };

/** Does what is asked and answers. Returns the status. */
function perform(exchange: HttpExchange, operation: Operation, about: About): Promise<number> | number {
  const { component } = about;
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
      return operation.part === 'take' ? take(exchange) : call(exchange, operation.part, about);
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
function sendEntries(exchange: HttpExchange, operation: Entries, component: string): Promise<number> {
  const { path, page, lines = false } = exchange.asked;
  if (!page) return sendRead(exchange, operation);
  return sendPage(exchange, operation, { cursor: page.cursor, about: { component, path, lines } });
}

/** @param begins  tells those who watch already that this one does; itself it is not told */
function observe(
  { req, res, store, asked }: HttpExchange,
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
