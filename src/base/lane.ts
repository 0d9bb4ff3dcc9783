/** Work of one name is done one after the other, in the order it came; different names do not wait for each other. */
export type Lane = <T>(name: string, work: () => Promise<T>) => Promise<T>;

export function createLane(): Lane {
  const tails = new Map<string, Promise<void>>();
  const nothing = Promise.resolve();
  return (name, work) => {
    const result = (tails.get(name) ?? nothing).then(work);
    const forget = (): void => void (tails.get(name) === tail && tails.delete(name));
    const tail = result.then(forget, forget);
    tails.set(name, tail);
    return result;
  };
}
