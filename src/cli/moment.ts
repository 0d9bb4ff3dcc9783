import { Failure } from '../base/errors.ts';

/** Ms since the Unix epoch of a time as people write it. @throws Failure `usage` */
export function momentOf(text: string): number {
  const moment = Date.parse(text);
  if (!(moment >= 0)) throw new Failure('usage', `${text} is not a time such as 2026-01-31T13:05Z`);
  return moment;
}
