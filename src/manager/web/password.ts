import { randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { z } from 'zod';
import type { Config } from '../../base/config.ts';
import { Failure } from '../../base/errors.ts';
import { writePrivateFile } from './private-file.ts';

const derive = promisify<string, Buffer, number, { N: number; r: number; p: number }, Buffer>(scrypt);
/** 16 MB and about 150 ms a guess on a Raspberry Pi 4. */
const cost = { N: 16_384, r: 8, p: 1 };

const Hash = z.strictObject({
  scrypt: z.strictObject({ N: z.int(), r: z.int(), p: z.int() }),
  salt: z.base64(),
  hash: z.base64(),
});
type Hash = z.infer<typeof Hash>;

export type Password = {
  /** Whether this is the owner's password; takes the same time for a right and a wrong one. */
  verify(given: string): Promise<boolean>;
};

export type PasswordOptions = {
  config: Pick<Config, 'owner.password' | 'owner.password-file'>;
  /** Keeps `password.json` (a salted hash) and `first-password`, both 0600. */
  dir: string;
  /** Shows the first password, once; must not end in a log. */
  announce: (text: { password: string; file: string }) => void;
};

/**
 * The owner's password: the configured one for this run (nothing is saved), else the saved one, else a new one, which
 * is announced and written to `first-password`.
 * @throws Failure `config.invalid` for a password file that cannot be read or is shorter than 8 characters
 */
export async function openPassword({ config, dir, announce }: PasswordOptions): Promise<Password> {
  const given = config['owner.password'] ?? passwordIn(config['owner.password-file']);
  if (given !== undefined) return verifier(await hashed(given));
  const file = join(dir, 'password.json');
  if (existsSync(file)) return verifier(saved(file));
  const password = randomBytes(24).toString('base64');
  const hash = await hashed(password);
  const first = join(dir, 'first-password');
  // In this order: a crash in between makes a new pair, never a hash whose password nobody has.
  writePrivateFile(first, `${password}\n`);
  writePrivateFile(file, JSON.stringify(hash));
  announce({ password, file: first });
  return verifier(hash);
}

function verifier(expected: Hash): Password {
  let turn: Promise<unknown> = Promise.resolve();
  const check = async (given: string): Promise<boolean> => {
    const { N, r, p } = expected.scrypt;
    const hash = Buffer.from(expected.hash, 'base64');
    return timingSafeEqual(await derive(given, Buffer.from(expected.salt, 'base64'), hash.length, { N, r, p }), hash);
  };
  return {
    // One at a time: guesses in parallel must not take memory or every processor from the house.
    verify(given) {
      const mine = turn.then(() => check(given));
      turn = mine.catch(() => {});
      return mine;
    },
  };
}

async function hashed(password: string): Promise<Hash> {
  const salt = randomBytes(16);
  const hash = await derive(password, salt, 32, cost);
  return { scrypt: cost, salt: salt.toString('base64'), hash: hash.toString('base64') };
}

function saved(file: string): Hash {
  try {
    return Hash.parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    throw new Failure('config.invalid', `${file} is damaged; remove it to get a new first password`, {}, { cause });
  }
}

function passwordIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw new Failure('config.invalid', `owner.password-file: ${file} cannot be read`, { file }, { cause });
  }
  const [line = ''] = text.split(/\r?\n/);
  if (line.length < 8) {
    throw new Failure('config.invalid', `owner.password-file: the first line of ${file} needs at least 8 characters`);
  }
  return line;
}
