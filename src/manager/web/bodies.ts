/** Bodies of the owner's and the admin API. */
import { z } from 'zod';
import { methods } from '../../base/names.ts';
import type { InstallRequest } from '../face.ts';

const text = z.string().min(1).max(2_048);

/** What an install or a review is about: a name the app store knows, or a whole manifest. */
export const AskedBody = z
  .looseObject({
    name: text.optional(),
    manifest: z.record(z.string(), z.unknown()).optional(),
    choices: z.record(z.string().max(64), z.union([text, z.array(text).max(1_000)])).optional(),
  })
  .refine(({ name, manifest }) => (name === undefined) !== (manifest === undefined), 'needs either name or manifest')
  .transform(({ name, manifest, choices }): InstallRequest => ({
    ...(name !== undefined && { name }),
    ...(manifest !== undefined && { manifest }),
    ...(choices !== undefined && { choices }),
  }));

export const Named = z.looseObject({ name: text });
export const Uninstall = z.looseObject({ name: text, data: z.enum(['keep', 'delete']).optional() });

/** A route at a store or service, and the caveats of the grant that covers it; the arbiter knows which there are. */
export const TokenBody = z.strictObject({
  method: z.enum(methods),
  target: text,
  path: text,
  caveats: z
    .array(
      z.union([
        z.strictObject({ observe: z.enum(['data', 'audit', 'notification']) }),
        z.strictObject({ destination: text }),
      ]),
    )
    .default([]),
});

/** What is to be kept of a series; what is left out stays as it is, null: no limit. */
export const RetentionBody = z
  .strictObject({
    path: text.meta({ description: '`/ts/<id>` or `/ts/blob/<id>`', examples: ['/ts/loadavg1'] }),
    keepMs: z.int().positive().nullable().optional(),
    maxBytes: z.int().nonnegative().nullable().optional(),
  })
  .transform(({ path, keepMs, maxBytes }) => ({
    path,
    kept: { ...(keepMs !== undefined && { keepMs }), ...(maxBytes !== undefined && { maxBytes }) },
  }));

/** One line of an agreement. */
export const Line = z.union([
  z.strictObject({ datasource: text }),
  z.strictObject({ destination: text }),
  z.strictObject({ host: text }),
]);
export type Line = z.infer<typeof Line>;
/** The same, with the component whose agreement it is. */
export const NamedLine = z.union([
  z.strictObject({ name: text, datasource: text }),
  z.strictObject({ name: text, destination: text }),
  z.strictObject({ name: text, host: text }),
]);

/** What an uninstall does with the store. */
export const Removal = z.strictObject({ data: z.enum(['keep', 'delete']).default('keep') });
/** Whether a log goes on until its reader leaves. */
export const Following = z.strictObject({ follow: z.enum(['0', '1']).default('0') });

const whole = z.coerce.number<string>().int().min(0);
export const LedgerQuery = z
  .strictObject({ component: z.string().optional(), since: whole.optional(), limit: whole.max(10_000).optional() })
  .transform(({ component, since, limit }) => ({
    ...(component !== undefined && { component }),
    ...(since !== undefined && { since }),
    ...(limit !== undefined && { limit }),
  }));
