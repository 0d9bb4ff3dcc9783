/**
 * The program that runs in `net`: the names and the HTTPS servers of the outside. It obeys its parent over the process
 * channel and records what it is asked.
 */
import { createNames, type Names } from './outside-names.ts';
import { createSites, type Sites } from './outside-sites.ts';

export type OutsideMethods = Names & Sites;
export type Call = { id: number; method: keyof OutsideMethods; argument: never };
export type Answer = { id: number; value?: unknown; error?: string };

const methods: OutsideMethods = { ...(await createNames(process.argv[2] ?? '127.0.0.1')), ...createSites() };

process.on('message', ({ id, method, argument }: Call) => {
  void (async () => {
    try {
      process.send?.({ id, value: await methods[method](argument) } satisfies Answer);
    } catch (err) {
      process.send?.({ id, error: String(err) } satisfies Answer);
    }
  })();
});
process.on('disconnect', () => process.exit(0));
process.send?.({ id: 0, value: 'ready' } satisfies Answer);
