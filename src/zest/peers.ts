/** peers — those for whom something waits, or who were not reached lately. Nobody else is remembered. */
import { createBacklog, type Backlog } from './backlog.ts';

export type Peer = Backlog & { isForgotten?: true };

export type Peers = ReturnType<typeof createPeers>;

/** @param onLost  whoever had this identity has gone for good */
export function createPeers(onLost: (identity: string) => void) {
  const peers = new Map<string, Peer>();
  return {
    of(identity: string): Peer {
      const peer = peers.get(identity) ?? createBacklog();
      peers.set(identity, peer);
      return peer;
    },
    /** Of all that waits. */
    bytes: (): number => [...peers.values()].reduce((sum, peer) => sum + peer.bytes(), 0),
    waiting: (): [identity: string, peer: Peer][] => [...peers].filter(([, { frames }]) => frames.length > 0),
    delete: (identity: string): void => void peers.delete(identity),
    /** What waits is still sent, within the grace. */
    forget(identity: string): void {
      const peer = peers.get(identity);
      if (peer && peer.frames.length > 0) peer.isForgotten = true;
      else peers.delete(identity);
    },
    failed(identity: string, peer: Peer, fault: 'absent' | 'slow'): void {
      const fate = peer.failed(fault, performance.now());
      if (fate === 'waits') return;
      if (fate === 'lost' || peer.isForgotten) peers.delete(identity);
      if (fate === 'lost' && !peer.isForgotten) onLost(identity);
    },
  };
}
