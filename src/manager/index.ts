/** manager — what is installed, what it may do, and that exactly this runs: manifest → agreement → container. */
export { startManager } from './start.ts';
export { keepNothing, managerVersion, readBox } from './sql.ts';
export { clearContainers, refuseWithoutEngine } from './clear.ts';
export type { ManagerOptions } from './core.ts';
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
