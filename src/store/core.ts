/** core — what each request goes through at either door: who asks is known first, and what became of it is told last. */
import { Failure, failures, problem } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import { storeName } from '../base/names.ts';
import type { AuditEvent } from './events.ts';
import { account, type Door, type Exchange } from './exchange.ts';
import { bucketOf } from './granularity.ts';
import type { Authorised } from './open-store.ts';

/** How a request ended, for audit observers. */
export type Outcome = Pick<AuditEvent, 'component' | 'format' | 'observe' | 'status'>;

/** Does what is asked and answers. Returns the status; null of an observation, which is told and counted by itself. */
export type Work<E> = (exchange: E, who: Authorised, outcome: Outcome) => Promise<number | null> | number | null;

type Any = Exchange<never>;

/** Rejects with whatever the caller is to be refused with, once that is told. */
export async function served<E extends Exchange<E>>(exchange: E, work: Work<E>): Promise<void> {
  const { observe } = exchange.asked;
  const observed = observe && { observe: observe.mode, format: observe.format ?? 'json' };
  const outcome: Outcome = { component: null, format: 'json', ...observed, status: 200 };
  try {
    const who = authorised(exchange);
    outcome.component = who.component;
    const status = await work(exchange, who, outcome);
    if (status === null) return;
    outcome.status = status;
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

export function authorised({ door, caller, token, asked }: Any): Authorised {
  const { method, path, observe } = asked;
  const use = { caller, target: door.target, method, path };
  const everyMs = observe ? undefined : bucketOf(path);
  const who = paced(door, caller, () =>
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

/** Tells audit observers of a request, once it is answered or refused. */
export function audit({ store, asked: { method, path } }: Pick<Any, 'store' | 'asked'>, outcome: Outcome): void {
  store.marks.count('audit');
  if (!store.observers.watches('audit', path)) return;
  store.observers.tell({ mode: 'audit', timestamp: Date.now(), method, path, ...outcome });
}

/** What a caller may see: defects are logged, and undefined; causes stay here. */
export function outward(err: unknown, log: Log): Failure | undefined {
  if (!(err instanceof Failure) || err.code === 'internal') {
    log.error({ err, details: err instanceof Failure ? err.details : undefined }, 'store request failed');
    return undefined;
  }
  const { cause, ...details } = err.details;
  if (problem(err).status >= 500) log.warn({ err, cause }, 'store refused a request');
  return new Failure(err.code, err.message, details);
}
