/** turns — so many pieces of work at once, the others in the order in which they came. */
import { setTimeout as sleep } from 'node:timers/promises';

/** Resolves when it is one's turn; what it resolves to ends the turn. */
export type Turns = () => Promise<() => void>;

const lookMs = 20;

/** @param isFull  while it says so, nobody's turn comes */
export function createTurns(most: number, isFull: () => boolean): Turns {
  const waiting: (() => void)[] = [];
  let busy = 0;
  const end = (): void => {
    const next = waiting.shift();
    if (next) next();
    else busy--;
  };
  return async () => {
    if (busy < most) busy++;
    else await new Promise<void>((begin) => waiting.push(begin));
    while (isFull()) await sleep(lookMs, undefined, { ref: false });
    return end;
  };
}
