/** Shapes of the store's HTTP surface: what its paths, bodies and answers hold. */
import { z } from 'zod';
import { aggregates } from '../operations.ts';
import { longestId, mostEntries, mostOfPage, mostSeries } from '../segments.ts';

/** A segment that any path may hold, without what ids refuse. ASCII says it all: tests send more. */
const text = z.string().min(1).max(longestId);
const idPattern = /^(?!\.{1,2}$)[^,*/\\%\p{C}]+$/u;
export const Id = text.regex(idPattern).meta({
  id: 'Id',
  ...{ description: `1 to ${longestId} bytes of UTF-8, without comma, * and what no path may hold` },
  examples: ['load', 'temp'],
});
export const SeriesId = text
  .regex(/^(?!\.{1,2}$|blob$)[^,*/\\%\p{C}]+$/u)
  .meta({ id: 'SeriesId', description: 'an id other than blob', examples: ['load', 'temp'] });
export const Key = text
  .regex(/^(?!\.{1,2}$|keys$|count$)[^,*/\\%\p{C}]+$/u)
  .meta({ id: 'Key', description: 'an id other than keys and count', examples: ['a', 'b'] });
const joined = (what: string) => `${what}, or up to ${mostSeries} joined by commas, each once`;
export const SeriesIds = z
  .string()
  .regex(/^(?!(.*,)?\.{1,2}(,|$)|blob$)[^,*/\\%\p{C}]+(,[^,*/\\%\p{C}]+)*$/u)
  .meta({ id: 'SeriesIds', description: joined('an id other than blob'), examples: ['load', 'load,temp'] });
export const Ids = z
  .string()
  .regex(/^(?!(.*,)?\.{1,2}(,|$))[^,*/\\%\p{C}]+(,[^,*/\\%\p{C}]+)*$/u)
  .meta({ id: 'Ids', description: joined('an id'), examples: ['load', 'load,temp'] });
export const Word = z
  .string()
  .regex(/^(?!\.{1,2}$)[^*/\\%\p{C}]+$/u)
  .max(longestId)
  .meta({ id: 'Word', examples: ['room', 'kitchen'] });
export const Time = z
  .int()
  .meta({ id: 'Time', description: 'ms since the Unix epoch', examples: [0, 1_767_225_600_000] });
export const Count = z
  .int()
  .min(0)
  .max(mostEntries)
  .meta({ id: 'Count', examples: [1, 10] });
export const Interval = z
  .int()
  .min(1)
  .meta({ id: 'Interval', description: 'length of a bucket in ms', examples: [60_000, 3_600_000] });
export const Aggregate = z.enum(aggregates).meta({ id: 'Aggregate' });

export const Point = z
  .object({ value: z.number() })
  .catchall(z.string())
  .meta({
    id: 'Point',
    ...{ maxProperties: 2, description: 'a number and at most one tag: a further member whose value is a text' },
    examples: [{ value: 21.5, room: 'kitchen' }],
  });
export const Document = z
  .union([z.record(z.string(), z.unknown()), z.array(z.unknown())])
  .meta({ id: 'Document', description: 'any JSON object or array', examples: [{ cpu: [0.1, 0.2] }] });
const entriesOf = (id: string, data: z.ZodType) => z.array(z.strictObject({ timestamp: Time, data }).meta({ id }));
export const Points = entriesOf('PointEntry', Point);
export const Documents = entriesOf('DocumentEntry', Document);
export const Buckets = entriesOf('Bucket', z.strictObject({ value: z.number() }));
export const Result = z.strictObject({ result: z.number().optional() });
export const Registration = z
  .looseObject({
    href: z.string().min(1).max(2_048),
    'item-metadata': z.array(z.looseObject({ rel: z.string(), val: z.unknown() })),
  })
  .meta({
    id: 'Registration',
    ...{ description: 'a hypercat item; some rel is a hasDescription and some an isContentType' },
    examples: [
      {
        href: 'tcp://driver-x-core-store:5555/ts/temp',
        'item-metadata': [
          { rel: 'urn:X-hypercat:rels:hasDescription:en', val: 'Temperature' },
          { rel: 'urn:X-hypercat:rels:isContentType', val: 'application/json' },
        ],
      },
    ],
  });
export const PageLimit = z
  .int()
  .min(1)
  .max(mostOfPage)
  .meta({ id: 'PageLimit', description: 'entries of one page, at most', examples: [1, 100] });
export const Cursor = z.string().min(1).meta({ id: 'Cursor', description: 'as `Link` of the page before had it' });

/** Of a value: what its ETag says, several, or all there can be. */
export const EntityTags = z
  .string()
  .min(1)
  .meta({
    id: 'EntityTags',
    description: '`*`: any value; or what `ETag` said, in its quotes; several are joined by commas',
    examples: ['*', '"json.RBNvo1WzZ4oRRq0W9-hknA"'],
  });
