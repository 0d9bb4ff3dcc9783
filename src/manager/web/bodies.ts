/** Bodies of the owner's and the admin API. */
import { z } from 'zod';
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

/** One line of an agreement. */
export const Line = z.union([
  z.strictObject({ datasource: text }),
  z.strictObject({ destination: text }),
  z.strictObject({ host: text }),
]);
export type Line = z.infer<typeof Line>;
