/**
 * The program that runs the network in the rig's box, with one HTTP service per `serve`. It obeys JSON lines
 * `{"id", "call", "args"}` and answers `{"id", "value"}` or `{"id", "failure"}`.
 */
import { createInterface } from 'node:readline';
import { loadConfig } from '../../../src/base/config.ts';
import { listen, type Listener } from '../../../src/base/listen.ts';
import { createLog } from '../../../src/base/log.ts';
import { startNetwork, type Network } from '../../../src/network/index.ts';

type Call = { id: number; call: string; args: never[] };

const [dir = '', flags = '{}'] = process.argv.slice(2);
const listeners = new Map<string, Listener>();
const stop = new AbortController();
const resets: string[] = [];
let network: Network | undefined;

const calls = {
  async start() {
    network = await startNetwork({
      config: loadConfig({ flags: JSON.parse(flags) as Record<string, unknown> }),
      log: createLog('silent'),
      signal: stop.signal,
      dir,
      resetSockets(service, caller) {
        resets.push(`${service} ${caller}`);
        return listeners.get(service)?.reset(caller) ?? 0;
      },
    });
    void network.failed.then((failure) => console.log(JSON.stringify({ failed: failure.message })));
    return network.pool;
  },
  /** A service that says its name and who asks; `/stream` goes on. */
  async serve(name: string) {
    const address = (await network?.addService(name)) ?? '';
    const listener = await listen({
      address,
      port: 0,
      handler(req, res) {
        if (req.url !== '/stream') return res.end(`${name} ${req.socket.remoteAddress}`);
        const timer = setInterval(() => res.write('tick\n'), 50);
        res.on('close', () => clearInterval(timer));
      },
    });
    listeners.set(name, listener);
    await network?.publish(name, { 8080: listener.port });
    return { address, port: listener.port };
  },
  resets: () => resets,
  async stop() {
    stop.abort();
    for (const listener of listeners.values()) await listener[Symbol.asyncDispose]();
    await network?.[Symbol.asyncDispose]();
  },
};

const answer = async ({ id, call, args }: Call): Promise<unknown> => {
  try {
    const own = (calls as Record<string, (...args: never[]) => unknown>)[call];
    const method = own ?? (network as unknown as Record<string, (...args: never[]) => unknown>)[call];
    return { id, value: await method?.(...args) };
  } catch (err) {
    return { id, failure: err instanceof Error ? { ...err, message: err.message, stack: err.stack } : err };
  }
};

for await (const line of createInterface({ input: process.stdin })) {
  void answer(JSON.parse(line) as Call).then((said) => console.log(JSON.stringify(said)));
}
process.exit(0);
