/** Who is told of what happens in one store: observers by path, each event once to each. Knows no wire. */
import type { Method } from '../base/names.ts';
import { covers } from '../base/paths.ts';
import type { Format } from './operations.ts';

export const modes = ['data', 'audit', 'notification'] as const;
/**
 * `data`: what was written. `audit`: every request, with its outcome. `notification`: what was written, with who wrote it and
 * where an answer is expected.
 */
export type Mode = (typeof modes)[number];

/** A successful POST. `json` is its body as JSON text: binary in base64, text as a string. `body` is what was posted. */
export type DataEvent = {
  mode: 'data';
  timestamp: number;
  path: string;
  format: Format;
  json: string;
  body: Uint8Array | string;
};
/** Any request; `status` is that of the REST reply. */
export type AuditEvent = {
  mode: 'audit';
  timestamp: number;
  path: string;
  format: Format;
  /** null: the token was refused. */
  component: string | null;
  method: Method;
  /** What the request is to observe; absent for one that reads or writes. */
  observe?: Mode;
  status: number;
};
/** A successful POST. `response`: the path with its first `request` replaced. */
export type NotificationEvent = Omit<DataEvent, 'mode'> & { mode: 'notification'; component: string; response: string };
export type Event = DataEvent | AuditEvent | NotificationEvent;

export type EndReason = 'closed' | 'expired' | 'revoked' | 'slow';

export type Observer = {
  component: string;
  mode: Mode;
  /** A last `*` stands for one or more further characters. */
  path: string;
  /** null: every format. */
  format: Format | null;
  /** @param text  the event as JSON, made once for all who are told of it */
  tell(text: string, event: Event): void;
  end(reason: EndReason): void;
};

/** One event as JSON text. */
function textOf(event: Event): string {
  const { timestamp, path, format } = event;
  if (event.mode === 'audit') {
    const { component, method, observe, status } = event;
    return JSON.stringify({ timestamp, component, method, path, format, ...(observe && { observe }), status });
  }
  const who = event.mode === 'notification' ? { component: event.component, response: event.response } : {};
  return `${JSON.stringify({ timestamp, ...who, path, format }).slice(0, -1)},"data":${event.json}}`;
}

export type Observers = {
  /** Returns the function that removes it. */
  add(observer: Observer): () => void;
  /** Whether anybody would be told; asked first, so that an unobserved write builds no event. */
  watches(mode: Mode, path: string): boolean;
  /** Whether anybody, of any mode, observes this path in this format. */
  hears(path: string, format: Format): boolean;
  /** Whether anybody would be told of some path of a mode: `watches` of each is then worth asking. */
  any(mode: Mode): boolean;
  tell(event: Event): void;
  /** Ends the observers that `which` names. Returns how many. */
  end(reason: EndReason, which: (observer: Observer) => boolean): number;
};

const takes = (observer: Observer, format: Format): boolean => observer.format === null || observer.format === format;

export function createObservers(): Observers {
  const exact = new Map<string, Set<Observer>>();
  const wild = new Set<Observer>();
  const all = (): Observer[] => [...exact.values(), wild].flatMap((set) => [...set]);
  const setOf = (path: string): Set<Observer> => {
    if (path.endsWith('*')) return wild;
    const set = exact.get(path) ?? new Set();
    exact.set(path, set);
    return set;
  };
  const at = (path: string): Observer[] =>
    [...(exact.get(path) ?? []), ...wild].filter((observer) => covers(observer.path, path));
  const matching = (mode: Mode, path: string): Observer[] => at(path).filter((observer) => observer.mode === mode);
  const remove = (observer: Observer): void => {
    const set = setOf(observer.path);
    set.delete(observer);
    if (set.size === 0 && set !== wild) exact.delete(observer.path);
  };
  return {
    add(observer) {
      setOf(observer.path).add(observer);
      return () => remove(observer);
    },
    watches: (mode, path) => (exact.size > 0 || wild.size > 0) && matching(mode, path).length > 0,
    hears: (path, format) => at(path).some((observer) => takes(observer, format)),
    any: (mode) => all().some((one) => one.mode === mode),
    tell(event) {
      let text: string | undefined;
      for (const observer of matching(event.mode, event.path)) {
        if (takes(observer, event.format)) observer.tell((text ??= textOf(event)), event);
      }
    },
    end(reason, which) {
      const ended = all().filter(which);
      ended.forEach(remove);
      for (const observer of ended) observer.end(reason);
      return ended.length;
    },
  };
}
