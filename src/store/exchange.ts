/** One request at a door of a store, whichever that is, and what the ledger is told of it. */
import type { Pace } from '../base/excess.ts';
import type { Ip } from '../base/ipv4.ts';
import type { Log } from '../base/log.ts';
import type { StoreLedger } from './accounts.ts';
import type { Authorise, OpenStore } from './open-store.ts';
import type { Asked } from './request.ts';

export type Door = {
  /** @throws Failure `store.unknown`, `store.unavailable` */
  store: () => OpenStore;
  target: string;
  authorise: Authorise;
  pace: Pace;
  limitBytes: number;
  /** The longest that a piece of a long body may be waited for. */
  stalledMs: number;
  log: Log;
  ledger: StoreLedger | undefined;
};

/** How a door takes what is sent, and says what was done. One for each door, not for each request. */
export type Wire<E> = {
  /** The whole body. @throws Failure `body.too-large` */
  body(exchange: E): Promise<Buffer> | Buffer;
  /** Both return the status, as of HTTP. @param tag  of the value that was put, where it has one */
  written(exchange: E, tag: string | null): number;
  erased(exchange: E): number;
};

/** @typeParam E  what a door needs besides */
export type Exchange<E> = {
  door: Door;
  wire: Wire<E>;
  store: OpenStore;
  caller: Ip;
  token: string;
  asked: Asked;
  /** Of a body, in whichever direction. */
  moved: { bytes: number };
};

type Deed = Pick<Exchange<never>, 'door' | 'store' | 'asked'>;

/**
 * What moves something in the house is on record before it happens, or does not.
 * @param bytes  null: how many will come is not known yet
 * @throws Failure `ledger.unavailable`
 */
export async function onRecord({ door, store, asked }: Deed, component: string, bytes: number | null): Promise<void> {
  const { method, path } = asked;
  if (!door.ledger || !store.accounts.isActuation({ component, path })) return;
  const facts = { method, ...(bytes !== null && { bytes }) };
  await door.ledger.actuated({ component, target: store.name, path, facts });
}

type Moved = Pick<Exchange<never>, 'store' | 'asked' | 'moved'>;

export function account({ store, asked: { method, path }, moved }: Moved, component: string): void {
  store.accounts[method === 'GET' ? 'read' : 'wrote']({ component, path }, moved.bytes);
}
