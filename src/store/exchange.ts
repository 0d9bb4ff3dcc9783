/** One request at the door of a store, and what the ledger is told of it. */
import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Pace } from '../base/excess.ts';
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

export type Exchange = {
  door: Door;
  store: OpenStore;
  req: IncomingMessage;
  res: ServerResponse;
  asked: Asked;
  /** Of a body, in whichever direction. */
  moved: { bytes: number };
};

/**
 * What moves something in the house is on record before it happens, or does not.
 * @param bytes  null: how many will come is not known yet
 * @throws Failure `ledger.unavailable`
 */
export async function onRecord(
  { door, store, asked }: Exchange,
  component: string,
  bytes: number | null,
): Promise<void> {
  const { method, path } = asked;
  if (!door.ledger || !store.accounts.isActuation({ component, path })) return;
  const facts = { method, ...(bytes !== null && { bytes }) };
  await door.ledger.actuated({ component, target: store.name, path, facts });
}

export function account({ store, asked: { method, path }, moved }: Exchange, component: string): void {
  store.accounts[method === 'GET' ? 'read' : 'wrote']({ component, path }, moved.bytes);
}
