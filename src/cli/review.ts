import { z } from 'zod';
import { examplesOrigin } from '../base/names.ts';
import { visible } from '../base/visible.ts';
import { coloured, table } from './text.ts';

const Item = z.looseObject({
  'item-metadata': z.array(z.looseObject({ rel: z.string(), val: z.unknown() })),
  href: z.string(),
});

const Wish = z.looseObject({
  ...{ clientid: z.string(), name: z.string(), type: z.string(), required: z.boolean() },
  ...{ min: z.number(), max: z.number(), chosen: z.array(z.string()), candidates: z.array(Item) },
});
/** One datasource that a manifest asks for. */
export type Wish = z.infer<typeof Wish>;

/** What the box says of a manifest before an install. */
export const Review = z.looseObject({
  manifest: z.looseObject({ name: z.string(), 'databox-type': z.string(), version: z.string().nullish() }),
  warnings: z.array(z.string()),
  origin: z.string(),
  asks: z.array(z.looseObject({ kind: z.string(), sentence: z.string() })),
  datasources: z.array(Wish),
  image: z.looseObject({ reference: z.string(), id: z.string().nullable(), preferred: z.string() }),
  risk: z.number(),
  installed: z.boolean(),
  changed: z.array(z.string()).nullable(),
});
export type Review = z.infer<typeof Review>;

export const descriptionOf = ({ 'item-metadata': metadata }: Wish['candidates'][number]): string => {
  const rel = metadata.find((entry) => entry.rel === 'urn:X-hypercat:rels:hasDescription:en');
  return typeof rel?.val === 'string' ? rel.val : '';
};

const whences: Record<string, string> = {
  owner: 'a manifest of yours, in no repository',
  [examplesOrigin]: 'the examples of Databox',
};

/** What is asked for and what could be chosen, for a person. */
export function reviewText({ manifest, warnings, origin, asks, datasources, image, risk }: Review): string {
  const from = whences[origin] ?? origin;
  const text = [
    `${coloured('bold', visible(manifest.name))} (${manifest['databox-type']} ${visible(manifest.version ?? '')})\n`,
    `  from   ${visible(from)}\n`,
    `  image  ${visible(image.reference)}${image.id === null ? ' (not on this machine yet)' : ''}\n`,
    `  risk   ${coloured(risk >= 4 ? 'red' : risk >= 2 ? 'yellow' : 'green', `${risk} of 5`)}\n`,
    '\nIt asks for:\n',
    ...asks.map(
      ({ kind, sentence }) => `  ${kind === 'export' || kind === 'control' ? '!' : '-'} ${visible(sentence)}\n`,
    ),
    ...warnings.map((warning) => coloured('yellow', `  warning: ${visible(warning)}\n`)),
  ];
  if (datasources.length > 0) text.push('\n', table(datasources, columns));
  return text.join('');
}

const columns = [
  { title: 'datasource', of: ({ clientid }: Wish) => clientid },
  { title: 'type', of: ({ type }: Wish) => type },
  { title: 'needed', of: ({ required }: Wish) => (required ? 'yes' : 'no') },
  {
    title: 'could be',
    of: ({ chosen, candidates }: Wish) =>
      (chosen.length > 0 ? chosen : candidates.map(({ href }) => href)).join(' ') || 'nothing here provides it yet',
  },
];
