import { access, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Config } from '../../base/config.ts';
import type { Box } from '../client.ts';
import type { NetworkFacts } from '../options.ts';

/** What the checks look at. Tests give another root folder or clock. */
export type Machine = {
  config: Config;
  /** Folder that stands for `/`. */
  root: string;
  env: Record<string, string | undefined>;
  isRoot: boolean;
  /** Whether this is the single binary. */
  isPackaged: boolean;
  /** Processor architecture, as in `process.arch`. */
  arch: string;
  /** Ms since the Unix epoch. */
  now: () => number;
  /** When this version was released, ms since the Unix epoch. */
  releasedAt: number;
  /** Program and arguments that run this command line anew. */
  program: readonly string[];
  box: Box;
  socketPath: string;
  network: () => Promise<NetworkFacts>;
  /** Looks into every database of a state directory. @throws Failure `database.newer` */
  checkState: (dir: string) => Promise<void>;
};

/** The text of a file of this machine; `''` when it is not there or not for us. */
export const textOf = (machine: Pick<Machine, 'root'>, path: string): Promise<string> =>
  readFile(join(machine.root, path), 'utf8').catch(() => '');

export const isThere = (machine: Pick<Machine, 'root'>, path: string): Promise<boolean> =>
  access(join(machine.root, path)).then(
    () => true,
    () => false,
  );

/** Folders that programs are looked for in. */
export const pathsOf = (machine: Pick<Machine, 'env'>): string[] => (machine.env['PATH'] ?? '').split(':');

/** For programs that are run: they are looked for in the same folders. */
export const pathEnv = ({ env }: Pick<Machine, 'env'>): Record<string, string> => ({ PATH: env['PATH'] ?? '' });
