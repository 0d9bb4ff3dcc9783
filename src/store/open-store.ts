/** One open store as its doors see it: its name, its data, who observes it. */
import type { Ip } from '../base/ipv4.ts';
import type { HypercatItem } from '../base/names.ts';
import type { Accounts } from './accounts.ts';
import type { Cursors } from './cursor.ts';
import type { Engine, Retention } from './engine.ts';
import type { Observers } from './events.ts';
import type { Functions } from './functions.ts';
import type { Marks } from './marks.ts';
import type { Info } from './operations.ts';

/**
 * What a door asks of the arbiter before anything else is done.
 * @throws Failure `token.missing`, `token.invalid`, `token.forbidden`
 */
export type Authorise = (
  token: string,
  use: {
    caller: Ip;
    target: string;
    method: string;
    path: string;
    observe?: 'data' | 'audit' | 'notification';
    /** Length of the buckets that a read aggregates, ms; absent for every other use. */
    everyMs?: number;
  },
) => Authorised;

/** Who asks, and within which bounds. */
export type Authorised = {
  component: string;
  grant: number;
  /** The conditions that the token names. */
  caveats?: readonly Readonly<Record<string, unknown>>[];
  /** The last moment of the permission, ms since the Unix epoch: an observation does not outlive it. */
  until?: number;
};

export type OpenStore = {
  readonly name: string;
  readonly engine: Engine;
  readonly observers: Observers;
  readonly marks: Marks;
  readonly cursors: Cursors;
  readonly functions: Functions;
  readonly accounts: Accounts;
  /** What is kept of its series; others are kept whole. */
  retentions: Retention[];
  /** `performance.now()` when it was opened. */
  readonly since: number;
  /** Called after an item is registered, before the writer's reply. */
  readonly registered: (item: HypercatItem) => void;
};

const months = 'Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec'.split(' ');

/** The information paths: UTC as `Nov 23 3:21:7`, uptime in ms. */
export function info({ do: what }: Info, store: OpenStore): { type: string; body: string } {
  const text = (body: string) => ({ type: 'text/plain; charset=utf-8', body });
  if (what === 'hello') return text('hello world!');
  if (what === 'status') return text('active');
  if (what === 'uptime') {
    return { type: 'application/json', body: `{"uptime":${Math.round(performance.now() - store.since)}}` };
  }
  const now = new Date();
  const clock = [now.getUTCHours(), now.getUTCMinutes(), now.getUTCSeconds()].join(':');
  return text(`${months[now.getUTCMonth()]} ${now.getUTCDate()} ${clock}`);
}
