/** manager — what is installed, what it may do, and that exactly this runs: manifest → agreement → container. */
export type {
  Ask,
  Asked,
  ComponentState,
  ComponentStatus,
  InstallRequest,
  Manager,
  OwnerAuthority,
  Progress,
  Review,
  Status,
  UiTarget,
} from './face.ts';
export type { Choices, DatasourceLine, Line, Sla } from './sla.ts';
