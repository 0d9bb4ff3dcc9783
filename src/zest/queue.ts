/** queue — requests that are not answered yet: each client's in their order, within bounds. Pure. */

export type Bounds = {
  /** Requests of one client. */
  ofClient: number;
  /** Of all clients, as are the bytes. */
  requests: number;
  bytes: number;
};

/** One request of a client is under way at a time: the first. */
export function createQueue<T extends { bytes: number }>(most: Bounds) {
  const clients = new Map<string, T[]>();
  let [requests, bytes] = [0, 0];
  return {
    /** @returns whether it is the client's first, which may begin at once; undefined when there is no room for it */
    add(client: string, one: T): 'first' | 'behind' | undefined {
      const own = clients.get(client);
      if (requests >= most.requests || bytes + one.bytes > most.bytes) return undefined;
      if (own && own.length >= most.ofClient) return undefined;
      requests++;
      bytes += one.bytes;
      if (own) own.push(one);
      else clients.set(client, [one]);
      return own ? 'behind' : 'first';
    },
    first: (client: string): T | undefined => clients.get(client)?.[0],
    /** The first one was answered. @returns the one that was behind it */
    next(client: string): T | undefined {
      const own = clients.get(client);
      const done = own?.shift();
      if (!own || !done) return undefined;
      requests--;
      bytes -= done.bytes;
      if (own.length === 0) clients.delete(client);
      return own[0];
    },
  };
}
