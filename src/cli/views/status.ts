/** status — what `databox status` is told, and shows. */
import { z } from 'zod';
import { validate } from '../../base/http.ts';
import { visible } from '../../base/visible.ts';
import { coloured, time } from '../text.ts';

const Status = z.looseObject({
  version: z.string(),
  release: z.string(),
  startedAt: z.number(),
  pool: z.string(),
  healthy: z.boolean(),
  problems: z.array(z.string()),
  components: z.record(z.string(), z.number()),
  stores: z.number(),
});
type Status = z.infer<typeof Status>;

export const statusOf = (answer: unknown): Status => validate(Status, answer);

export function statusText(status: Status): string {
  const counts = Object.entries(status.components)
    .filter(([, count]) => count > 0)
    .map(([state, count]) => `${count} ${state}`);
  const lines = [
    ['health', status.healthy ? coloured('green', 'healthy') : coloured('red', 'not healthy')],
    ...status.problems.map((problem) => ['', coloured('red', visible(problem))]),
    ['version', `${status.version} (compatible with ${status.release})`],
    ['since', `${time(status.startedAt)} UTC`],
    ['components', counts.join(', ') || 'none'],
    ['stores', String(status.stores)],
    ['addresses', status.pool],
  ];
  return lines.map(([name = '', text = '']) => `${name.padEnd(12)}${text}\n`).join('');
}
