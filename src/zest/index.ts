/** zest — the protocol of the original Databox (ZeroMQ with CURVE): a second door to the arbiter and to stores. */
export { startDoor, type Door, type DoorOptions } from './door.ts';
export { createGates, type Gates } from './gates.ts';
export { startGate, type Gate, type GateOptions } from './gate.ts';
export { openBook, type Book, type Page } from './book.ts';
export { zestVersion } from './sql.ts';
export type {
  Answer,
  AuditEvent,
  DataEvent,
  EndReason,
  Event,
  Mode,
  NotificationEvent,
  Observation,
  Observer,
  Request,
  Service,
} from './service.ts';
