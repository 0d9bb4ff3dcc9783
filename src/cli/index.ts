/** cli — `databox …`: starts the box, or speaks to the running one over its admin socket. */
export type {
  CliOptions,
  DevRequest,
  DoctorOptions,
  FetchSource,
  StateAction,
  VerifyBackup,
  Wipe,
  Wiped,
  WipeOptions,
} from './options.ts';
export { createProgram } from './program.ts';
export { cliReference } from './reference.ts';
export { completionOf, type Shell, shellNames } from './completion/index.ts';
export { manPage } from './man.ts';
export { modernSpelling } from './original.ts';
