import type { HypercatItem, Rel } from '../base/names.ts';

const rels = 'urn:X-hypercat:rels:';
const type = 'application/vnd.hypercat.catalogue+json';

/** Base metadata as clients of the original expect it; `urn:Xhypercat` without a hyphen is the original's spelling. */
const metadata: Rel[] = [
  { rel: `${rels}isContentType`, val: type },
  { rel: `${rels}hasDescription:en`, val: 'Databox Root Catalogue' },
  { rel: `${rels}hasHomepage`, val: 'http://www.databoxproject.uk/' },
  { rel: `${rels}containsContentType`, val: type },
  { rel: 'urn:Xhypercat:rels:supportsSearch', val: 'urn:X-hypercat:search:simple' },
];

export type Catalogue = { 'catalogue-metadata': Rel[]; items: HypercatItem[] };

/** The root catalogue: where each component would have a store. `names` in the order in which they are listed. */
export const rootCatalogue = (names: readonly string[]): Catalogue => ({
  'catalogue-metadata': metadata,
  items: names.map((name) => {
    const href = `tcp://${name}:5555`;
    return {
      'item-metadata': [
        { rel: `${rels}hasDescription:en`, val: href },
        { rel: `${rels}isContentType`, val: type },
      ],
      href,
    };
  }),
});
