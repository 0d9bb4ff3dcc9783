/**
 * near — which questions the main thread answers itself. A thread of its own costs a read two hops and a queue, more than the
 * whole of a small answer; but whatever runs here, nothing else runs meanwhile. So only what is bounded whatever lies in the
 * store is asked for here: a few entries at an end of a series, and one value. Pure.
 */
import type { Pick, Read, Selection } from './operations.ts';

/** Of all series together. */
const mostEntries = 100;
/** Of an answer, about: tags, spellings, documents, a value. What is longer is copied in a thread of its own. */
export const nearBytes = 64 * 1024;
/**
 * Entries of a block that is unpacked here, and bytes: all of them, whichever one is asked for. A thousand take 0.1 to 0.2 ms,
 * ten thousand up to 2. A batch is a block; what was written singly is behind thousands of rows.
 */
export const nearBlock = { entries: 1_024, bytes: 64 * 1024 };

type AtEnd = Selection & { pick: Exclude<Pick, { by: 'range' }> };
/** A question that may be answered here: a value, or entries, all of them in one part. */
export type Near = Extract<Read, { do: 'value' }> | (Extract<Read, { do: 'entries' }> & { selection: AtEnd });

/** Entries at one end of a series: so many, of so many bytes each. */
export type End = { series: number; kind: Selection['kind']; forward: boolean; n: number; most: number };

/**
 * Whether a question is one of those. A filter may go through a million entries to find one; a range may hold them; an
 * aggregate, a count or a list looks at all there is.
 * @param isContinued  it is for a part of an answer that is not the first
 */
export function isNear(question: Read, isContinued: boolean): question is Near {
  if (isContinued) return false;
  if (question.do === 'value') return true;
  if (question.do !== 'entries') return false;
  const { pick, series, filter } = question.selection;
  if (pick.by === 'range' || filter !== null) return false;
  const entries = pick.n * series.length;
  // A page that may be shorter than what is picked goes on somewhere.
  return entries <= mostEntries && entries <= (question.limit ?? mostEntries);
}
