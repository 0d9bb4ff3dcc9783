/** notify — the socket of sd_notify(3). Its native part is loaded with the first word, and only if somebody listens. */
import { z } from 'zod';
import { loadAddon } from '../base/bundle.ts';
import { Failure } from '../base/errors.ts';

/**
 * Tells the service manager, such as `READY=1`; several variables stand on lines of their own.
 * @throws Error with the system's reason when nobody takes it
 */
export type Notify = (state: string) => void;

type Native = { send(address: string, message: string): void };
const Addon = z.custom<Native>(
  (value) => typeof (value as Partial<Native> | null)?.send === 'function',
  'the addon is of another version',
);

/** @param address `$NOTIFY_SOCKET`: a path, or `@` and an abstract name. Absent: nobody listens, and nothing is sent */
export function createNotify(address: string | undefined): Notify {
  if (address === undefined || address === '') return () => {};
  let native: Native | undefined;
  return (state) => (native ??= loadNotify()).send(address, state);
}

/** @throws Failure `internal` when it is missing or of another version */
function loadNotify(): Native {
  const file = new URL(`../../dist/native/notify-${process.arch}.node`, import.meta.url).pathname;
  try {
    return Addon.parse(loadAddon('notify', file));
  } catch (cause) {
    throw new Failure('internal', `${file} cannot be loaded: run npm run build`, { file }, { cause });
  }
}
