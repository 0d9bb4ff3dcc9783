/**
 * api — how a part describes its HTTP routes. The tables beside the code (`api.ts` of each part) hold the schemas that
 * validate, and shapes of answers that tests compare with real ones. They are read when the documents are printed, never
 * by a running box: it carries the printed text (description.ts).
 */
import { z } from 'zod';
import type { FailureCode } from './errors.ts';

/** Media type → shape of the body. */
export type Content = Readonly<Record<string, z.ZodType>>;

export type Answer = {
  /** A sentence for a reader. */
  what: string;
  /** None: an empty body. */
  content?: Content;
  headers?: Readonly<Record<string, string>>;
};

export type Call = {
  summary: string;
  /** More that a caller has to know. */
  notes?: string;
  /** One shape for each `{name}` of the path. */
  path?: z.ZodObject;
  query?: z.ZodObject;
  headers?: z.ZodObject;
  body?: Content;
  answers: Readonly<Record<number, Answer>>;
  /** What it may refuse with, besides what every call of this API may. */
  problems?: readonly FailureCode[];
  /** Answered without credentials; none of the API's common problems. */
  open?: true;
};

/** `GET /components/{name}` and the like. A `{name*}` may hold slashes. */
export type Route = `${'GET' | 'POST' | 'DELETE'} /${string}`;

export type Api = {
  /** Names the printed document. */
  name: string;
  title: string;
  description: string;
  /** Where it is served, with `{variables}` in it. */
  server: { url: string; variables?: Readonly<Record<string, { default: string; description: string }>> };
  /** Ways to prove who asks, by name; any of them will do. */
  security: Readonly<Record<string, Record<string, string>>>;
  /** What any call that is not `open` may refuse with. */
  problems: readonly FailureCode[];
  calls: Readonly<Record<Route, Call>>;
};

export const jsonOf = (shape: z.ZodType): Content => ({ 'application/json': shape });
export const textOf = (shape: z.ZodType = z.string()): Content => ({ 'text/plain': shape });
export const binary: z.ZodType = z.string().meta({ format: 'binary' });

/** The shape of a value whose type is written by hand elsewhere: neither may have what the other lacks. */
export const like =
  <T>() =>
  <S extends z.ZodType<T>>(shape: S & ([T] extends [z.output<S>] ? unknown : never)): S =>
    shape;

/** The printed description itself: it holds no data, so whoever reaches the API may read it. */
export const descriptionCall: Call = {
  summary: 'This description',
  answers: { 200: { what: 'an OpenAPI 3.1 document', content: jsonOf(z.looseObject({ openapi: z.string() })) } },
};

export const Rel = z.strictObject({ rel: z.string(), val: z.unknown() });
export const HypercatItem = z.strictObject({ 'item-metadata': z.array(Rel), href: z.string() }).meta({ id: 'Item' });
export const Catalogue = z
  .strictObject({ 'catalogue-metadata': z.array(Rel), items: z.array(HypercatItem) })
  .meta({ id: 'Catalogue' });
