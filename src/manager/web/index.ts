/** web — the owner's HTTPS (pages, API, proxy to components) and root's admin socket. */
export { startAdmin, type Admin } from './admin.ts';
export { startOwner, type Owner } from './owner.ts';
export type { AdminOptions, OwnerOptions } from './types.ts';
