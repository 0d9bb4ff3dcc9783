/** How a reader wants many entries: all in one array, one a line, or page by page. Pure. */
import { Failure } from '../base/errors.ts';
import { formatOfReply } from './content.ts';
import type { Operation } from './operations.ts';
import type { Asked } from './request.ts';

/**
 * The operation as it is to be laid out.
 * @param accept  for what does not come in lines
 * @throws Failure `path.invalid`, `content.unsupported`
 */
export function laidOut(operation: Operation, asked: Asked, accept: string | undefined): Operation {
  const { method, lines, page, waitMs } = asked;
  const { do: what } = operation;
  const layout = lines ? { lines } : {};
  if (waitMs !== undefined && !(what === 'function' && operation.part === 'take')) {
    throw new Failure('path.invalid', 'only the answer of a function is waited for: leave out wait');
  }
  if (page && what !== 'entries') throw new Failure('path.invalid', 'only entries come in pages: leave out limit');
  if (what === 'entries') return { ...operation, ...layout, ...(page && { limit: page.limit }) };
  if (what === 'batch' || what === 'buckets') return { ...operation, ...layout };
  // What else the reader takes must do; what is posted is as it is.
  if (lines && (method === 'POST' || formatOfReply(accept) !== 'json')) {
    throw new Failure('content.unsupported', 'series hold JSON: use application/json');
  }
  return operation;
}
