import type { fetchSource as fetchNow } from './source.ts';

/** Git is loaded when a source is fetched: catalogues are read in a thread of their own, and neither box nor desk needs it. */
export const fetchSource: typeof fetchNow = async (question) => (await import('./source.ts')).fetchSource(question);
