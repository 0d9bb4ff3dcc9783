import type { Sources } from '../base/config.ts';

export type DevRequest = {
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** Introduce the desk as JSON. */
  json: boolean;
  sources: Sources;
};

/** What an update asks of the state directory. */
export const stateActions = {
  check: {
    doc: 'whether this version can read every file; changes nothing and may be asked while Databox runs',
    nothing: 'This version can read every file.\n',
  },
  restore: {
    doc: 'put back every file as it was before the last update changed it',
    nothing: 'The last update changed no file.\n',
  },
  settle: {
    doc: 'delete the copies from before the last update: it cannot be undone then',
    nothing: 'There is no copy from before an update.\n',
  },
} as const;
export type StateAction = keyof typeof stateActions;

/**
 * Puts the files of a git repository's commit into a folder, in place of what is there.
 * @param ref tag or branch; absent: the default branch
 * @throws Failure `repository.unreachable`, `repository.invalid`
 */
export type FetchSource = (question: {
  url: string;
  ref: string | undefined;
  into: string;
  signal: AbortSignal;
}) => Promise<{ commit: string; ref: string }>;

export type CliOptions = {
  /** Runs the box in the foreground until it ends. @throws Failure, which is the caller's to print */
  start: (sources: Sources) => Promise<void>;
  /** Runs the author's desk in the foreground until it ends. */
  dev: (request: DevRequest) => Promise<void>;
  /**
   * Does it to the state directory that is configured.
   * @returns the files that were put back or settled
   * @throws Failure `database.newer`, `databox.running`
   */
  state: (action: StateAction, sources: Sources) => Promise<string[]>;
  fetchSource: FetchSource;
  /** Databox' own version. */
  version: string;
};
