/** notify — the socket of sd_notify(3). Its native part is loaded with the first word, and only if somebody listens. */
import { ownAddon } from '../base/addon.ts';

/**
 * Tells the service manager, such as `READY=1`; several variables stand on lines of their own.
 * @throws Error with the system's reason when nobody takes it
 */
export type Notify = (state: string) => void;

type Native = { send(address: string, message: string): void };
/** @param address `$NOTIFY_SOCKET`: a path, or `@` and an abstract name. Absent: nobody listens, and nothing is sent */
export function createNotify(address: string | undefined): Notify {
  if (address === undefined || address === '') return () => {};
  let native: Native | undefined;
  return (state) => (native ??= ownAddon<Native>({ name: 'notify', functions: ['send'] })).send(address, state);
}
