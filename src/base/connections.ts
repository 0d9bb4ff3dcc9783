/** connections — how many each caller holds open, over all listeners that share the count. */
import type { Ip } from './ipv4.ts';

export type Connections = {
  /** False when the caller holds as many as it may; else it holds one more. */
  admit(caller: Ip): boolean;
  leave(caller: Ip): void;
};

export function createConnections(most: number): Connections {
  const held = new Map<Ip, number>();
  return {
    admit(caller) {
      const count = held.get(caller) ?? 0;
      if (count >= most) return false;
      held.set(caller, count + 1);
      return true;
    },
    leave(caller) {
      const count = (held.get(caller) ?? 0) - 1;
      if (count > 0) held.set(caller, count);
      else held.delete(caller);
    },
  };
}
