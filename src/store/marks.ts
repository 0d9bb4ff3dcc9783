/** Where an observer is in what a store did: enough to say, when it comes back, whether it may have missed something. */
import { randomBytes } from 'node:crypto';
import type { Mode } from './events.ts';

export type Marks = {
  /** One more event, or several, whether or not anybody is told of it. */
  count(mode: Mode, events?: number): void;
  /** How many there were. */
  total(mode: Mode): number;
  /** The id of the last event, as of now: what an observer sends back in `Last-Event-ID`. */
  now(mode: Mode, at: number): string;
  /** What an observer who got as far as this id may have missed; undefined when it missed nothing. */
  gapSince(mode: Mode, id: string): Gap | undefined;
};

/** `restarted`: the store was closed meanwhile. `missed`: it went on. `since` is absent when the id is none of ours. */
export type Gap = { reason: 'restarted' | 'missed'; since?: number };

const shape = /^([0-9a-f]{12})\.(\d{1,15})\.(\d{1,15})$/;

/**
 * Marks of a store from now on. An id names the opening of the store, how many events there had been, and when that
 * was; a store keeps no list of them.
 */
export function createMarks(): Marks {
  const opening = randomBytes(6).toString('hex');
  const counts: Record<Mode, number> = { data: 0, audit: 0, notification: 0 };
  return {
    count: (mode, events = 1) => void (counts[mode] += events),
    total: (mode) => counts[mode],
    now: (mode, at) => `${opening}.${counts[mode]}.${at}`,
    gapSince(mode, id) {
      const [, opened, count, at] = shape.exec(id) ?? [];
      if (opened === undefined) return { reason: 'restarted' };
      const since = Number(at);
      if (opened !== opening) return { reason: 'restarted', since };
      return Number(count) === counts[mode] ? undefined : { reason: 'missed', since };
    },
  };
}
