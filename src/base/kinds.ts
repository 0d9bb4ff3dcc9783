/** kinds — what the value of a setting can be. */
import { z } from 'zod';
import { isCidr } from './ipv4.ts';

const whole = (min: number, max: number) => z.coerce.number().int().min(min).max(max);
const text = z.string().trim().min(1);
const optional = text.optional();
/** A JSON array in the file, a comma-separated list on the command line and in the environment. */
const list = <T extends z.ZodType<string>>(item: T) =>
  z.preprocess(
    (value) => (typeof value === 'string' ? value.split(',').map((part) => part.trim()) : value),
    z.array(item),
  );
const cidr = z.string().refine(isCidr, 'must be a block like 10.196.0.0/16');

export const kinds = { z, whole, text, optional, list, cidr };
export type Kinds = typeof kinds;
