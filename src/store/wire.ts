/** wire — a store for a door that speaks no HTTP: the original's. What is asked is done by the same code as for REST. */
import { Failure, failures } from '../base/errors.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Method } from '../base/names.ts';
import { canonicalPath } from '../base/paths.ts';
import { isRefusal } from '../base/refusals.ts';
import { call } from './calls.ts';
import { audit, authorised, outward, served, type Outcome } from './core.ts';
import type { EndReason, Event, Mode } from './events.ts';
import type { Door, Exchange, Wire } from './exchange.ts';
import { parse } from './grammar.ts';
import { wholeBuckets } from './granularity.ts';
import { info, type Authorise, type Authorised } from './open-store.ts';
import type { Format, Operation } from './operations.ts';
import { erase, post } from './posts.ts';
import { collect } from './reply.ts';

export type WireRequest = {
  caller: Ip;
  /** What the sender calls itself: nobody believes it, except an open store. */
  host: string;
  token: string;
  method: Method;
  path: string;
  /** null: none of the three. */
  format: Format | null;
  body: Buffer;
};
export type WireAnswer = { did: 'created' | 'deleted' } | { did: 'content'; format: Format; body: Uint8Array | string };
/** `answered`: a function did, and that was all. */
export type WireObserver = { tell: (event: Event) => void; end: (reason: EndReason | 'answered') => void };
export type WireObservation = { component: string; until?: number; stop: () => void };

export type WireOptions = {
  /** What tokens for it name, where that is not the store's own name. */
  target?: string;
  /** Whoever asks may do everything, with any token: of the author's desk only. */
  isOpen?: boolean;
  /** Whoever may read may also learn who else does, as with the original: of the author's desk only. */
  audits?: boolean;
};

export type StoreWire = {
  /** @throws Failure, as REST answers it */
  ask: (request: WireRequest) => Promise<WireAnswer>;
  /**
   * The permission is looked at again at each event. @param wanted.again  it is no news to those who audit
   * @throws Failure `token.missing`, `token.invalid`, `token.forbidden`, `path.invalid`, `store.unknown`
   */
  observe: (request: WireRequest, wanted: { mode: Mode; observer: WireObserver; again: boolean }) => WireObservation;
  /** The answer of a function, told once when it is there. @throws Failure also `path.unknown`, `function.taken` */
  take: (request: WireRequest, waiter: WireObserver & { again: boolean }) => WireObservation;
  /** Calls when the store was opened, before anybody can ask it. @returns what ends that */
  onReturn: (act: () => void) => () => void;
};

// An interface, because a type cannot name itself here.
interface Plain extends Exchange<Plain> {
  sent: Pick<WireRequest, 'format' | 'body'>;
  answer: WireAnswer;
}

/** Largest answer: it is one message, held whole. */
const longestAnswerBytes = 16 * 1024 * 1024;
/** An answer that does not come is not waited for longer. */
const longestWaitMs = 600_000;

const plain: Wire<Plain> = {
  body({ sent, door: { limitBytes } }) {
    if (sent.body.length <= limitBytes) return sent.body;
    throw new Failure('body.too-large', `the body may have at most ${limitBytes} bytes`, { limitBytes });
  },
  written: () => 201,
  erased(exchange) {
    exchange.answer = { did: 'deleted' };
    return 204;
  },
};

export function createStoreWire(
  door: Door,
  { target = door.target, isOpen = false, audits = false }: WireOptions,
): Omit<StoreWire, 'onReturn'> {
  const named: Door = { ...door, target, ...(audits && { authorise: auditing(door) }) };
  const exchangeOf = (request: WireRequest, observe?: Plain['asked']['observe']): Plain =>
    plainExchange(isOpen ? openTo(request, named) : named, request, observe);
  return {
    async ask(request) {
      try {
        const exchange = exchangeOf(request);
        await served(exchange, work);
        return exchange.answer;
      } catch (err) {
        await onRefused(door, request, err);
        throw outward(err, door.log) ?? new Failure('internal', 'internal error');
      }
    },
    observe(request, { mode, observer, again }) {
      const exchange = exchangeOf(request, { mode, format: request.format });
      return admitted(exchange, { again, observe: mode }, (who, begins) =>
        watch(exchange, who, { ...observer, begins }),
      );
    },
    take(request, { again, ...waiter }) {
      const exchange = exchangeOf(request);
      return admitted(exchange, { again }, (who, begins) => wait(exchange, who, { ...waiter, begins }));
    },
  };
}

const anyAudit = { observe: 'audit' } as const;

const auditing =
  ({ authorise }: Door): Authorise =>
  (token, use) => {
    const who = authorise(token, use);
    return { ...who, caveats: [...(who.caveats ?? []), anyAudit] };
  };

function openTo({ host }: WireRequest, door: Door): Door {
  const anyone: Authorised = { component: host === '' ? 'anyone' : host, grant: 0, caveats: [anyAudit] };
  return { ...door, authorise: () => anyone };
}

/** @throws Failure `path.invalid`, and those of `door.store` */
function plainExchange(door: Door, request: WireRequest, observe?: Plain['asked']['observe']): Plain {
  const { caller, token, method, format, body } = request;
  const path = canonicalPath(request.path);
  if (!observe && path.endsWith('*')) throw new Failure('path.invalid', 'only an observed path may end in *');
  const asked = { method, path, ...(observe && { observe }) };
  const own = { sent: { format, body }, answer: { did: 'created' } as const };
  return { door, wire: plain, store: door.store(), caller, token, asked, moved: { bytes: 0 }, ...own };
}

async function onRefused({ ledger, target }: Door, { caller, method, path }: WireRequest, err: unknown): Promise<void> {
  if (!isRefusal(err)) return;
  const { component } = err.details;
  const known = typeof component === 'string' && { component };
  await ledger?.refused({ caller, ...known, target, method, path, failure: err });
}

/** Whose content format does not matter. */
const anyFormat = new Set(['/cat', '/hello', '/time', '/uptime']);

function work(exchange: Plain, who: Authorised, outcome: Outcome): Promise<number> | number {
  const { asked, sent } = exchange;
  const format = anyFormat.has(asked.path) ? 'json' : sent.format;
  if (format === null) throw new Failure('content.unsupported', 'the content format must be 0, 42 or 50');
  outcome.format = format;
  return perform(exchange, wholeBuckets(parse({ ...asked, format }), who), { format, component: who.component });
}

type About = { format: Format; component: string };
function perform(exchange: Plain, operation: Operation, about: About): Promise<number> | number {
  switch (operation.do) {
    case 'hello':
    case 'time':
    case 'uptime': {
      const { type, body } = info(operation, exchange.store);
      exchange.answer = { did: 'content', format: type.startsWith('text/') ? 'text' : 'json', body };
      return 200;
    }
    case 'register':
    case 'put':
    case 'append':
      return post(exchange, operation, about.component);
    case 'drop':
    case 'erase':
      return erase(exchange, operation, about.component);
    case 'function':
      if (operation.part !== 'take') return call(exchange, operation.part, about);
      throw notThere();
    case 'status':
    case 'batch':
      throw notThere();
    default:
      return read(exchange, operation, about.format);
  }
}

const notThere = (): Failure => new Failure('path.unknown', 'this is of the REST door');

async function read(exchange: Plain, question: Parameters<typeof collect>[1], format: Format): Promise<number> {
  const { store, moved } = exchange;
  const body = await collect(store, question, longestAnswerBytes);
  if (body === null) {
    const details = { limitBytes: longestAnswerBytes };
    throw new Failure('body.too-large', 'the answer is too long for one message; ask for a shorter range', details);
  }
  moved.bytes = body.length;
  exchange.answer = { did: 'content', format: question.do === 'catalogue' ? 'json' : format, body };
  return 200;
}

type Admission = Pick<Outcome, 'observe'> & { again: boolean };
/** @param begins  to be called when nothing can fail any more, and before whoever begins is told of anything */
type Begin<T> = (who: Authorised, begins: () => void) => T;
type Beginner = WireObserver & { begins: () => void };

/** As `served`, for what goes on after it was permitted. Whoever begins is told of to those who watch already. */
function admitted<T>(exchange: Plain, { again, observe }: Admission, begin: Begin<T>): T {
  const format = exchange.sent.format ?? 'json';
  const outcome: Outcome = { component: null, format, ...(observe && { observe }), status: 200 };
  try {
    const who = authorised(exchange);
    outcome.component = who.component;
    return begin(who, () => {
      if (!again) audit(exchange, outcome);
    });
  } catch (err) {
    outcome.status = err instanceof Failure ? failures[err.code].http : failures.internal.http;
    if (!again) audit(exchange, outcome);
    throw outward(err, exchange.door.log) ?? new Failure('internal', 'internal error');
  }
}

function watch(exchange: Plain, { component, until }: Authorised, { tell, end, begins }: Beginner): WireObservation {
  const { store, asked, sent } = exchange;
  const mode = asked.observe?.mode ?? 'data';
  begins();
  const remove = store.observers.add({
    ...{ component, mode, path: asked.path, format: sent.format },
    tell(_text, event) {
      if (!isPermitted(exchange)) {
        remove();
        return end('revoked');
      }
      if (event.mode !== 'audit') store.accounts.read({ component, path: event.path }, Buffer.byteLength(event.json));
      tell(event);
    },
    end,
  });
  return { component, ...(until !== undefined && { until }), stop: remove };
}

function isPermitted({ door, caller, token, asked: { method, path, observe } }: Plain): boolean {
  try {
    door.authorise(token, { caller, target: door.target, method, path, ...(observe && { observe: observe.mode }) });
    return true;
  } catch {
    return false;
  }
}

function wait(exchange: Plain, { component, until }: Authorised, { tell, end, begins }: Beginner): WireObservation {
  const { store, asked } = exchange;
  const operation = parse({ ...asked, format: 'json' });
  if (operation.do !== 'function' || operation.part !== 'take') throw notThere();
  if (store.functions.isAwaited(asked.path)) {
    throw new Failure('function.taken', 'somebody waits for this answer already');
  }
  begins();
  const gone = new AbortController();
  store.functions.take(asked.path, longestWaitMs, gone.signal).then(
    ({ format, body }) => {
      store.accounts.read({ component, path: asked.path }, body.length);
      tell({ mode: 'data', timestamp: Date.now(), path: asked.path, format, body, json: '' });
      end('answered');
    },
    () => {
      if (!gone.signal.aborted) end('expired');
    },
  );
  return { component, ...(until !== undefined && { until }), stop: () => gone.abort() };
}
