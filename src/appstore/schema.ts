import { z } from 'zod';
import { canonicalDestination } from '../base/destinations.ts';
import { ComponentName } from '../base/names.ts';

/** Control and direction-changing characters: they would forge a log line or hide what a reader is shown. */
// eslint-disable-next-line no-control-regex
const unprintable = /[\u0000-\u001f\u007f-\u009f\u200e\u200f\u2028\u2029\u202a-\u202e\u2066-\u2069\ufeff]/u;
const isPrintable = (text: string): boolean => !unprintable.test(text);
const line = (max: number) => z.string().max(max).refine(isPrintable, 'must be one line without control characters');
const label = line(128).min(1);

/** `{ a: null }` is `{}`: manifests that went through the original's Go types have null for what was absent. */
export const withoutNulls = (value: unknown): unknown =>
  typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).filter(([, member]) => member !== null))
    : value;

const entry = <S extends z.ZodRawShape>(shape: S) => z.preprocess(withoutNulls, z.looseObject(shape));
const listOf = <T extends z.ZodType>(item: T) => z.array(item).max(200).default([]);

const hostName = /^(?=.{1,253}$)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9])?\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?$/;
/** Names with a dot only: single words are the names of components and services. IP literals end in a digit. */
const isOutsideName = (host: string): boolean => hostName.test(host) && !/(^|\.)localhost$/.test(host);

function faultOfUrl(text: string, schemes: RegExp): string | undefined {
  const url = URL.canParse(text) ? new URL(text) : undefined;
  if (!url || !schemes.test(text)) return `must begin with ${schemes.source.slice(1)}`;
  if (!isPrintable(text) || /[\s\\*]/.test(text)) return 'must not hold spaces, control characters, \\ or *';
  if (url.username !== '' || url.password !== '') return 'must not hold a user name or password';
  if (!isOutsideName(url.hostname)) return 'must have a DNS host name with a dot, not an address or a single word';
  return undefined;
}
const urlOf = (schemes: RegExp, more: (text: string) => string | undefined = () => undefined) =>
  z
    .string()
    .max(2_000)
    .superRefine((text, context) => {
      const fault = faultOfUrl(text, schemes) ?? more(text);
      if (fault) context.addIssue({ code: 'custom', message: fault });
    });
const Destination = urlOf(/^https:\/\//i, (text) =>
  canonicalDestination(text) === undefined ? 'is not a plain https URL without fragment' : undefined,
);
const Outside = urlOf(/^(https?|wss?):\/\//i);

const component = '[a-z0-9]+(?:(?:\\.|_|__|-+)[a-z0-9]+)*';
const domain = '[a-zA-Z0-9](?:[a-zA-Z0-9.-]*[a-zA-Z0-9])?(?::[0-9]{1,5})?';
const tag = '[A-Za-z0-9_][A-Za-z0-9_.-]{0,127}';
const digest = '@sha256:[a-f0-9]{64}';
/** Docker's reference grammar, without a leading `-` by construction. */
const Image = z
  .string()
  .max(255)
  .regex(
    new RegExp(`^(?:${domain}/)?${component}(?:/${component})*(?::${tag})?(?:${digest})?$`),
    'is no image reference',
  );
const Registry = z
  .string()
  .max(200)
  .regex(new RegExp(`^(?:${domain}|${component})(?:/${component})*$`), 'is no registry path');
const Tag = z.string().regex(new RegExp(`^${tag}$`), 'is no image tag');

/** `tsblob`, `TSBLOB` and `ts/blob` are one kind. */
const StoreType = line(64).transform((text) => text.toLowerCase().replace(/^tsblob$/, 'ts/blob'));

const Datasource = entry({
  /** Equal to `hasType` of the datasources it may be given. */
  type: label,
  /** Names the environment variable `DATASOURCE_<clientid>`. */
  clientid: z.string().regex(/^[A-Za-z0-9_.-]{1,64}$/, 'must be 1 to 64 of A-Z, a-z, 0-9, _, . and -'),
  /** What the owner is shown; for a function, the function's name. */
  name: label,
  required: z.boolean().default(true),
  granularities: listOf(z.unknown()),
  min: z.int().min(0).default(1),
  /** -1: any number. */
  max: z
    .int()
    .min(-1)
    .default(1)
    .transform((max) => (max === 0 ? 1 : max)),
  'allow-notification-of-new-sources': z.boolean().default(false),
  /** Filled in by the poster of an agreement. Only its href means anything: the item comes from our own catalogue. */
  hypercat: entry({ href: z.string().max(2_000).default('') }).optional(),
});

const Provided = entry({
  'data-source-type': label,
  description: line(2_000).default(''),
  'store-type': StoreType.default(''),
  schema: z.unknown().optional(),
});

const Package = entry({
  name: line(200).default(''),
  purpose: line(2_000).default(''),
  risks: line(2_000).default(''),
  benefits: line(2_000).default(''),
  datastores: listOf(z.string()),
});

const ExternalHosts = entry({
  urls: z.array(Outside).min(1).max(50),
  description: line(2_000).default(''),
  /** Our addition: the hosts are devices in the home, so their names may lead to private addresses. */
  local: z.boolean().default(false),
});

/** A manifest after its spellings were folded (manifest.ts). Unknown members are kept at every level. */
export const Manifest = z.looseObject({
  'manifest-version': z.literal(1).default(1),
  name: ComponentName,
  'databox-type': z.enum(['app', 'driver']),
  version: line(64).min(1),
  description: line(2_000).default(''),
  author: line(500).default(''),
  license: line(200).default(''),
  tags: listOf(line(100)),
  homepage: line(2_000).optional(),
  repository: entry({ type: line(20).default('git'), url: line(2_000).default('') }).optional(),
  'docker-image': Image.optional(),
  'docker-registry': Registry.optional(),
  'docker-image-tag': Tag.optional(),
  displayName: line(100).optional(),
  storeUrl: line(2_000).optional(),
  datasources: listOf(Datasource),
  'export-whitelist': listOf(entry({ url: Destination, description: line(2_000).default('') })),
  'external-whitelist': listOf(ExternalHosts),
  'resource-requirements': z
    .preprocess(withoutNulls, z.looseObject({ store: z.enum(['', 'core-store']).optional() }))
    .default({}),
  provides: listOf(Provided),
  packages: listOf(Package),
});
/** What an app or driver asks for, under the keys of the file. Lists are never absent; text that was absent is ''. */
export type Manifest = z.infer<typeof Manifest>;
export type ManifestDatasource = Manifest['datasources'][number];
