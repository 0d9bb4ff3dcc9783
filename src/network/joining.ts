/** joining — work that is done one after the other, of which several that wait may be done as one. */

export type Queue<T> = {
  /** Runs after what came before it. */
  inTurn: <R>(work: () => Promise<R>) => Promise<R>;
  /** Makes a change after what came before it, together with others that wait if they can be joined. */
  enqueue: (change: T) => Promise<void>;
};

type Waiting<T> = { change: T; settle: PromiseWithResolvers<void> };
export type Joining<T, J> = {
  /** What to make for all of these, `undefined` when each has to be made by itself. May throw: then each is, too. */
  joined: (changes: readonly T[]) => J | undefined;
  makeAll: (all: J) => Promise<void>;
  make: (change: T) => Promise<void>;
};

export function createQueue<T, J = unknown>(how: Joining<T, J>): Queue<T> {
  let last: Promise<unknown> = Promise.resolve();
  let waiting: Waiting<T>[] = [];
  const inTurn = <R>(work: () => Promise<R>): Promise<R> => {
    const turn = last.then(work);
    last = turn.catch(() => undefined); // its caller hears of it; the next one's turn comes all the same
    return turn;
  };
  const makeWaiting = async (): Promise<void> => {
    const taken = waiting;
    waiting = [];
    if (taken.length > 1 && (await madeAsOne(how, taken))) return;
    for (const { change, settle } of taken) await how.make(change).then(settle.resolve, settle.reject);
  };
  return {
    inTurn,
    enqueue(change) {
      const settle = Promise.withResolvers<void>();
      if (waiting.push({ change, settle }) === 1) void inTurn(makeWaiting);
      return settle.promise;
    },
  };
}

/** When the whole is refused, each is made by itself, and fails for itself. */
async function madeAsOne<T, J>({ joined, makeAll }: Joining<T, J>, taken: readonly Waiting<T>[]): Promise<boolean> {
  try {
    const all = joined(taken.map(({ change }) => change));
    if (all === undefined) return false;
    await makeAll(all);
  } catch {
    return false;
  }
  for (const { settle } of taken) settle.resolve();
  return true;
}
