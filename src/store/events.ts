/** Who is told of what happens in one store: observers by path, each event once to each. Knows no wire. */
import type { Method } from '../base/names.ts';
import { covers } from '../base/paths.ts';
import type { Format } from './operations.ts';

export const modes = ['data', 'audit'] as const;
/** `data`: what was written. `audit`: every request, with its outcome. */
export type Mode = (typeof modes)[number];

/** A successful POST. `json` is its body as JSON text: binary in base64, text as a string. */
export type DataEvent = { mode: 'data'; timestamp: number; path: string; format: Format; json: string };
/** Any request; `status` is that of the REST reply. */
export type AuditEvent = {
  mode: 'audit';
  timestamp: number;
  path: string;
  format: Format;
  /** null: the token was refused. */
  component: string | null;
  method: Method;
  status: number;
};
export type Event = DataEvent | AuditEvent;

export type EndReason = 'closed' | 'expired' | 'revoked' | 'slow';

export type Observer = {
  component: string;
  mode: Mode;
  /** A last `*` stands for one or more further characters. */
  path: string;
  /** null: every format. */
  format: Format | null;
  /** @param text  the event as JSON, made once for all who are told of it */
  tell(text: string): void;
  end(reason: EndReason): void;
};

/** One event as JSON text. */
function textOf(event: Event): string {
  const { timestamp, path, format } = event;
  const told = JSON.stringify({ timestamp, path, format });
  if (event.mode === 'data') return `${told.slice(0, -1)},"data":${event.json}}`;
  const { component, method, status } = event;
  return JSON.stringify({ timestamp, component, method, path, format, status });
}

export type Observers = {
  /** Returns the function that removes it. */
  add(observer: Observer): () => void;
  /** Whether anybody would be told; asked first, so that an unobserved write builds no event. */
  watches(mode: Mode, path: string): boolean;
  /** Whether anybody would be told of some path of a mode: `watches` of each is then worth asking. */
  any(mode: Mode): boolean;
  tell(event: Event): void;
  /** Ends the observers that `which` names. Returns how many. */
  end(reason: EndReason, which: (observer: Observer) => boolean): number;
};

export function createObservers(): Observers {
  const exact = new Map<string, Set<Observer>>();
  const wild = new Set<Observer>();
  const setOf = (path: string): Set<Observer> => {
    if (path.endsWith('*')) return wild;
    const set = exact.get(path) ?? new Set();
    exact.set(path, set);
    return set;
  };
  const matching = (mode: Mode, path: string): Observer[] =>
    [...(exact.get(path) ?? []), ...wild].filter((observer) => observer.mode === mode && covers(observer.path, path));
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
    any: (mode) => [...[...exact.values()].flatMap((set) => [...set]), ...wild].some((one) => one.mode === mode),
    tell(event) {
      const all = matching(event.mode, event.path);
      const told = all.filter(({ format }) => format === null || format === event.format);
      if (told.length === 0) return;
      const text = textOf(event);
      for (const observer of told) observer.tell(text);
    },
    end(reason, which) {
      const ended = [...[...exact.values()].flatMap((set) => [...set]), ...wild].filter(which);
      for (const observer of ended) {
        remove(observer);
        observer.end(reason);
      }
      return ended.length;
    },
  };
}
