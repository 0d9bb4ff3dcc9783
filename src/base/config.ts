/** config — reads the settings. */
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { Failure } from './errors.ts';
import { kinds } from './kinds.ts';
import { type Config, envOf, type SettingName, settings, type Sources } from './settings.ts';

export type { Config, SettingName, Sources } from './settings.ts';

/**
 * Reads each setting from flags, then environment, then file, then default.
 * @throws Failure `config.invalid` that names every fault: unknown keys, empty or malformed values
 */
export function loadConfig({ flags = {}, env = {}, file }: Sources): Config {
  const fromFile = file === undefined ? {} : readConfigFile(file);
  const faults = Object.keys(fromFile).flatMap((key) => (key in settings ? [] : [`${file}: unknown setting ${key}`]));
  const config: Record<string, unknown> = {};
  for (const [name, { is, default: fallback }] of Object.entries(settings)) {
    const given = flags[name as SettingName] ?? env[envOf(name)] ?? fromFile[name];
    if (given === undefined) config[name] = fallback;
    else {
      const parsed = is(kinds).safeParse(given);
      if (parsed.success) config[name] = parsed.data;
      else faults.push(`${name}: ${parsed.error.issues.map((issue) => issue.message).join(', ')}`);
    }
  }
  if (faults.length > 0) throw new Failure('config.invalid', faults.join('; '), { faults });
  return Object.freeze(config) as Config;
}

/**
 * One setting, for who needs no other: a fault elsewhere in the file does not keep the owner from asking what is wrong.
 * @throws Failure `config.invalid`, `user.refused` as `loadConfig`, of this setting and the file's form
 */
export function loadSetting<N extends SettingName>(name: N, { flags = {}, env = {}, file }: Sources): Config[N] {
  const given = flags[name] ?? env[envOf(name)] ?? (file === undefined ? undefined : readConfigFile(file)[name]);
  return loadConfig({ flags: given === undefined ? {} : { [name]: given } })[name];
}

function readConfigFile(file: string): Record<string, unknown> {
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(readFileSync(file, 'utf8')));
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'EACCES') {
      throw new Failure('user.refused', `only root may read ${file}; try sudo`, { file }, { cause });
    }
    throw new Failure('config.invalid', `${file} is not a JSON object of settings`, { file }, { cause });
  }
}
