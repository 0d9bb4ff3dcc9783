import { Failure } from '../base/errors.ts';

type Shown = { title: string; silent: boolean; signal?: AbortSignal };
type Work = (report: (message: string) => void) => Promise<void>;

/**
 * Shows long work while it goes on, on standard error: moving on a terminal, a line a step elsewhere.
 * @param o.signal of Ctrl-C, where `work` hears it; without one, Ctrl-C ends the program here
 * @throws what `work` throws
 */
export async function withProgress(o: Shown, work: Work): Promise<void> {
  if (o.silent) return work(() => {});
  if (!process.stdout.isTTY) return work((message) => void process.stderr.write(`${message}\n`));
  const { Listr } = await import('listr2');
  let failure: unknown;
  const task = {
    title: o.title,
    task: async (_context: unknown, shown: { output: string | undefined }) => {
      try {
        await work((message) => void (shown.output = message));
      } catch (err) {
        failure = err;
        throw new Failure('internal', o.title);
      }
    },
  };
  const list = new Listr([task], { registerSignalListeners: o.signal === undefined });
  await list.run().catch(() => {});
  if (failure !== undefined) throw failure as Error;
}
