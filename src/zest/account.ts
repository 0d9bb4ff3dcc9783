/** account — bytes of one caller that lie in the library: what came and is no message yet, what was given and is not sent. Pure. */

export type Account = ReturnType<typeof createAccount>;

/** For so long nothing moved, and nobody keeps anything from moving: what is still counted went with a connection. */
const stillMs = 1_000;

/**
 * @param most  of each, over all connections
 * @param now   ms of a clock that only moves on
 */
export function createAccount(most: { unread: number; unsent: number }, now = () => performance.now()) {
  const held = { unread: 0, unsent: 0 };
  let movedAt = now();
  return {
    came(bytes: number): void {
      held.unread += bytes;
    },
    took(bytes: number): void {
      held.unread = Math.max(0, held.unread - bytes);
    },
    gave(bytes: number): void {
      held.unsent += bytes;
      movedAt = now();
    },
    went(bytes: number): void {
      held.unsent = Math.max(0, held.unsent - bytes);
      movedAt = now();
    },
    /** Nobody is connected. */
    emptied(): void {
      held.unread = 0;
      held.unsent = 0;
    },
    /** More came than a message may have. */
    isOverdrawn: (): boolean => held.unread > most.unread,
    /** No more is to be given. @param isBlocked  somebody does not take what there is for it */
    isFull(isBlocked: boolean): boolean {
      if (!isBlocked && now() - movedAt > stillMs) held.unsent = 0;
      return held.unsent > most.unsent;
    },
  };
}
