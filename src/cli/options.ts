import type { Sources } from '../base/config.ts';

export type DevRequest = {
  /** Port on 127.0.0.1; 0 takes a free one. */
  port: number;
  /** Introduce the desk as JSON. */
  json: boolean;
  sources: Sources;
};

export type CliOptions = {
  /** Runs the box in the foreground until it ends. @throws Failure, which is the caller's to print */
  start: (sources: Sources) => Promise<void>;
  /** Runs the author's desk in the foreground until it ends. */
  dev: (request: DevRequest) => Promise<void>;
  /** Databox' own version. */
  version: string;
};
