import { Failure } from '../base/errors.ts';

type Work = (report: (message: string) => void) => Promise<void>;

/**
 * Shows long work while it goes on, on standard error: moving on a terminal, a line a step elsewhere.
 * @throws what `work` throws
 */
export async function withProgress(o: { title: string; silent: boolean }, work: Work): Promise<void> {
  if (o.silent) return work(() => {});
  if (!process.stdout.isTTY) return work((message) => void process.stderr.write(`${message}\n`));
  const { Listr } = await import('listr2');
  let failure: unknown;
  const list = new Listr([
    {
      title: o.title,
      task: async (_context, task) => {
        try {
          await work((message) => void (task.output = message));
        } catch (err) {
          failure = err;
          throw new Failure('internal', o.title);
        }
      },
    },
  ]);
  await list.run().catch(() => {});
  if (failure !== undefined) throw failure as Error;
}
