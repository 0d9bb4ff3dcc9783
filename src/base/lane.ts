/** Work of one name is done one after the other, in the order it came; different names do not wait for each other. */
export type Lane = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export function createLane(): Lane {
  const tails = new Map<string, Promise<unknown>>();
  return (name, work) => {
    const result = (tails.get(name) ?? Promise.resolve()).then(work);
    const tail = result.catch(() => {}).then(() => void (tails.get(name) === tail && tails.delete(name)));
    tails.set(name, tail);
    return result;
  };
}
