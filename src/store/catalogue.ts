/** Hypercat: what a store says about its datasources. Pure. */
import { Failure } from '../base/errors.ts';
import type { HypercatItem, Rel } from '../base/names.ts';

const catalogueType = 'application/vnd.hypercat.catalogue+json';
/** Rels and values are the original's, its missing hyphen in `urn:Xhypercat` included: clients compare them. */
const metadata: Rel[] = [
  { rel: 'urn:X-hypercat:rels:isContentType', val: catalogueType },
  { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'Databox Datasource Catalogue' },
  { rel: 'urn:X-hypercat:rels:hasHomepage', val: 'http://www.databoxproject.uk/' },
  { rel: 'urn:X-hypercat:rels:containsContentType', val: catalogueType },
  { rel: 'urn:Xhypercat:rels:supportsSearch', val: 'urn:X-hypercat:search:simple' },
];

/** The catalogue document around items that are JSON text already. */
export const catalogueText = (items: readonly string[]): string =>
  `{"catalogue-metadata":${JSON.stringify(metadata)},"items":[${items.join(',')}]}`;

const longestHref = 2_048;
/** Of metadata as JSON text: an app finds it in an environment variable, which holds 128 KiB. */
const longestMetadata = 32 * 1024;

/**
 * A catalogue item as it is kept: exactly `item-metadata` (order and JSON types as posted) and `href`.
 * @throws Failure `catalogue.invalid`
 */
export function readItem(body: unknown): HypercatItem {
  const { href, 'item-metadata': entries } = body as { href?: unknown; 'item-metadata'?: unknown };
  if (typeof href !== 'string' || href === '' || href.length > longestHref) {
    throw invalid(`href must be a text of 1 to ${longestHref} characters`);
  }
  if (!Array.isArray(entries)) throw invalid('item-metadata must be an array');
  if (!entries.every(isRel)) throw invalid('every entry of item-metadata needs rel and val');
  for (const term of ['hasDescription', 'isContentType']) {
    if (!entries.some(({ rel }) => rel.split(':').includes(term))) throw invalid(`item-metadata lacks ${term}`);
  }
  if (Buffer.byteLength(JSON.stringify(entries)) > longestMetadata) {
    throw invalid(`item-metadata may have at most ${longestMetadata} bytes`);
  }
  return { 'item-metadata': entries, href };
}

const isRel = (entry: unknown): entry is Rel =>
  typeof entry === 'object' &&
  entry !== null &&
  typeof (entry as Partial<Rel>).rel === 'string' &&
  Object.hasOwn(entry, 'val');

const invalid = (why: string): Failure => new Failure('catalogue.invalid', `${why}`);
