import { manifestLimitBytes } from './manifest.ts';

/** What one repository may cost. A hostile one meets a limit, and the others are read all the same. */
export type Limits = {
  /** Bytes received in one sync, all answers together. */
  receivedBytes: number;
  /** Bytes of all git objects once unpacked. */
  unpackedBytes: number;
  objects: number;
  /** `*.json` files in the root. */
  files: number;
  fileBytes: number;
  /** One sync, from the first byte asked for to the last manifest read. */
  timeoutMs: number;
  /** A silence after which the server counts as gone. */
  idleMs: number;
};

export const defaultLimits: Limits = {
  receivedBytes: 64 * 1024 * 1024,
  unpackedBytes: 128 * 1024 * 1024,
  objects: 10_000,
  files: 500,
  fileBytes: manifestLimitBytes,
  timeoutMs: 120_000,
  idleMs: 15_000,
};

/** A file as found, before anybody looked into it. */
export type FoundFile = { file: string; bytes: Uint8Array } | { file: string; fault: string };
/** What a repository holds now. */
export type Found = { commit: string | null; ref: string | null; files: FoundFile[] };

/** Names that are shown as they are; anything else was made to be misread. */
export const isFileName = (name: string): boolean => /^[\w .,@()+-]{1,200}\.json$/.test(name) && !name.startsWith('.');
export const tooLarge = (bytes: number, limits: Limits): string =>
  `manifest: the file has ${bytes} bytes, more than ${limits.fileBytes}`;
