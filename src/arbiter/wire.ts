/** wire — the arbiter for the door of the original's protocol: its clients send their key in the place of a token. */
import { createHash, timingSafeEqual } from 'node:crypto';
import { Failure, failures } from '../base/errors.ts';
import type { Pace } from '../base/excess.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Method } from '../base/names.ts';
import { covers } from '../base/paths.ts';
import { isRefusal, type OnRefused } from '../base/refusals.ts';
import { answerTo, type Office, type Who, type WireAnswer } from './calls.ts';

type Format = 'json' | 'text' | 'binary';
type Mode = 'data' | 'audit' | 'notification';

export type WireRequest = {
  caller: Ip;
  /** What the sender calls itself: it counts only where several have the same key. */
  host: string;
  /** The key of a component, or the management key. */
  token: string;
  method: Method;
  path: string;
  format: Format | null;
  body: Buffer;
};

type Told = { timestamp: number; path: string; format: Format };
/** `status` is as of HTTP. */
export type WireEvent =
  | (Told & { mode: 'data'; body: Buffer })
  | (Told & { mode: 'audit'; method: Method; component: string | null; observe?: Mode; status: number });
export type WireObserver = { tell: (event: WireEvent) => void };

export type WireOptions = {
  /** Whoever sends it may do everything, as the original's container manager. Absent: nobody may. */
  managementKey?: string;
  /** The component that such a one is, when none has the name that it says. */
  guest?: string;
  /** Further names of targets. */
  aliases?: Readonly<Record<string, string>>;
};

/** As the arbiter of the original, except that only the management key may observe it. */
export type Wire = {
  /** @throws Failure `key.invalid`, `rate.exceeded`, and those of `answerTo` */
  ask: (request: WireRequest) => Promise<WireAnswer>;
  /** `data`: each successful POST. `audit`: each request. @throws Failure `key.invalid`, `value.invalid` */
  observe: (
    request: WireRequest,
    wanted: { mode: Mode; observer: WireObserver; again: boolean },
  ) => { component: string; stop: () => void };
};

type Parts = Office & {
  authenticate: (key: string, caller: Ip, host?: string) => string;
  pace: Pace;
  onRefused: OnRefused | undefined;
};

export function createWire(parts: Parts, { managementKey, guest, aliases = {} }: WireOptions): Wire {
  const observers = createObservers();
  const house = { ...parts, hostOf: (target: string) => aliases[target.toLowerCase()] ?? target };
  const identify = ({ token, host, caller }: WireRequest): Who => {
    if (managementKey === undefined || !isSame(token, managementKey)) {
      return { name: parts.authenticate(token, caller, host), manages: false };
    }
    const name = host.toLowerCase();
    return { name: parts.components().some((known) => known.name === name) ? name : (guest ?? name), manages: true };
  };
  return {
    async ask(request) {
      let who: Who | undefined;
      try {
        who = identify(request);
        parts.pace(who.name, 'arbiter');
        const answer = answerTo(house, who, request);
        observers.posted(request);
        observers.audit(request, who.name, statusOf[answer.did]);
        return answer;
      } catch (err) {
        observers.audit(request, who?.name ?? null, err instanceof Failure ? failures[err.code].http : 500);
        if (isRefusal(err)) await parts.onRefused?.(refusalOf(request, who, err));
        throw err;
      }
    },
    observe(request, { mode, observer, again }) {
      const { name, manages } = identify(request);
      if (!manages) throw new Failure('key.invalid', 'only the management key may observe the arbiter');
      if (mode === 'notification') throw new Failure('value.invalid', 'the arbiter has no notifications');
      if (!again) observers.audit(request, name, 200, mode);
      return { component: name, stop: observers.add({ mode, observer, path: request.path, format: request.format }) };
    },
  };
}

const statusOf = { created: 201, deleted: 204, content: 200 } as const;

const digest = (text: string): Buffer => createHash('sha256').update(text).digest();
const isSame = (given: string, right: string): boolean => timingSafeEqual(digest(given), digest(right));

const refusalOf = ({ caller, method, path }: WireRequest, who: Who | undefined, failure: Failure) => ({
  ...{ caller, target: 'arbiter', method, path, failure },
  ...(who && { component: who.name }),
});

type Watching = { mode: Mode; path: string; format: Format | null; observer: WireObserver };

function createObservers() {
  const watching = new Set<Watching>();
  const tell = (event: WireEvent): void => {
    for (const { mode, path, format, observer } of watching) {
      if (mode === event.mode && format === event.format && covers(path, event.path)) observer.tell(event);
    }
  };
  const about = ({ path, format }: WireRequest): Told => ({ timestamp: Date.now(), path, format: format ?? 'text' });
  return {
    add(one: Watching): () => void {
      watching.add(one);
      return () => void watching.delete(one);
    },
    posted(request: WireRequest): void {
      if (request.method === 'POST') tell({ ...about(request), mode: 'data', body: request.body });
    },
    // Four facts of one request.
    // eslint-disable-next-line max-params
    audit(request: WireRequest, component: string | null, status: number, observe?: Mode): void {
      const { method } = request;
      tell({ ...about(request), mode: 'audit', method, component, status, ...(observe && { observe }) });
    },
  };
}
