/** desk — observations that go on: each from its beginning to its end, over absences of the target. */
import { deadline, type Deadline } from '../base/deadline.ts';
import { Failure, failures } from '../base/errors.ts';
import type { Log } from '../base/log.ts';
import type { Page } from './book.ts';
import type { Push } from './push.ts';
import { endFrame, eventFrame } from './reply.ts';
import type { EndReason, Event, Observation, Request, Service } from './service.ts';
import type { Row } from './sql.ts';

export type DeskOptions = { target: string; service: Service; page: Page; push: () => Push; log: Log };

type Live = { life: Deadline; observation: Observation };
export type Desk = DeskOptions & { live: Map<string, Live>; later: Retry; unsubscribe: (() => void) | undefined };

/** Observations of one component at one target. Clients of the original leave them open when they end. */
const mostOfComponent = 256;
const retryMs = 1_000;

export function createDesk(options: DeskOptions): Desk {
  const desk: Desk = { ...options, live: new Map(), later: createRetry(() => goOn(desk)), unsubscribe: undefined };
  // At once: what is written meanwhile would be told to nobody.
  desk.unsubscribe = options.service.onReturn?.(() => goOn(desk));
  return desk;
}

/** For whoever is no part of this: that our own file cannot be read is no fault of a store that opens, nor the end of the box. */
function goOn(desk: Desk): void {
  try {
    resume(desk);
  } catch (err) {
    desk.log.error({ err, target: desk.target }, 'observations cannot go on yet');
    desk.later.begin();
  }
}

/**
 * @param again  it is not new, so that it is written down already
 * @throws what the service does; Failure `function.taken`, `rate.exceeded`
 */
export function begin(desk: Desk, row: Row, again: boolean): void {
  const { live, target, service, page, push } = desk;
  const { identity } = row;
  if (live.has(identity)) throw new Failure('function.taken', 'somebody waits for this answer already');
  const observation = start(service, row, {
    again,
    tell: (event) => push().send(identity, eventFrame(event, target)),
    end: (reason) => end(desk, identity, reason),
  });
  const until = Math.min(row.until ?? Infinity, observation.until ?? Infinity);
  live.set(identity, { observation, life: deadline(until, () => end(desk, identity, 'expired')) });
  if (holdings(desk, observation.component) > mostOfComponent) {
    forget(desk, identity);
    const sentence = `a component may observe ${mostOfComponent} times`;
    throw new Failure('rate.exceeded', sentence, { retryAfterSeconds: 60 });
  }
  if (!again) page.add(row);
}

/** Begins again what is written down and does not go on. */
export function resume(desk: Desk): void {
  for (const row of desk.page.rows().filter(({ identity }) => !desk.live.has(identity))) {
    try {
      begin(desk, row, true);
    } catch (err) {
      if (isAway(err)) desk.later.begin();
      else {
        desk.log.info({ err, target: desk.target, path: row.path }, 'an observation does not go on');
        desk.push().send(row.identity, endFrame);
        strike(desk, row.identity);
      }
    }
  }
}

export function remove(desk: Desk, identity: string): void {
  if (!desk.live.has(identity)) return;
  forget(desk, identity);
  strike(desk, identity);
}

/** What is written down stays: it goes on when this side is there again. */
export function leave(desk: Desk): void {
  desk.unsubscribe?.();
  desk.later.end();
  for (const identity of desk.live.keys()) forget(desk, identity);
}

function end(desk: Desk, identity: string, reason: EndReason): void {
  if (!desk.live.has(identity)) return;
  if (reason === 'closed') {
    // It goes on when the target is there again: clients of Node fall over the word that it does not.
    forget(desk, identity);
    return desk.later.begin();
  }
  if (reason !== 'answered') desk.push().send(identity, endFrame);
  remove(desk, identity);
}

function forget({ live }: Desk, identity: string): void {
  const found = live.get(identity);
  live.delete(identity);
  found?.life.cancel();
  found?.observation.stop();
}

function strike({ page, push }: Desk, identity: string): void {
  page.remove(identity);
  push().forget(identity);
}

type Start = { again: boolean; tell: (event: Event) => void; end: (reason: EndReason) => void };

function start(service: Service, row: Row, { again, tell, end }: Start): Observation {
  const { mode, path, format, host, token, caller } = row;
  const request: Request = { method: 'GET', path, format, host, token, caller, body: Buffer.alloc(0) };
  if (mode !== 'answer') return service.observe(request, { mode, again, observer: { tell, end } });
  if (!service.take) throw new Failure('path.unknown', 'there are no functions here');
  return service.take(request, { again, tell, end });
}

const holdings = ({ live }: Desk, component: string): number =>
  [...live.values()].filter(({ observation }) => observation.component === component).length;

/** The target is closed for a while, or has a fault: its observers have not lost their right. */
const isAway = (err: unknown): boolean =>
  !(err instanceof Failure) || err.code === 'store.unknown' || failures[err.code].http >= 500;

type Retry = { begin(): void; end(): void };
function createRetry(act: () => void): Retry {
  let timer: NodeJS.Timeout | undefined;
  return {
    begin() {
      timer ??= setTimeout(() => {
        timer = undefined;
        act();
      }, retryMs).unref();
    },
    end: () => clearTimeout(timer),
  };
}
