/**
 * rig — one machine's worth of houses for tests: a `box` with its own Docker engine and the real Databox, another
 * machine on its `lan`, and the outside on its `net`; with eyes at every end.
 */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { addresses } from './addresses.ts';
import { createAuthority, type Authority, type CertificateKind } from './authority.ts';
import { createDatabox, outsideCa, type Databox, type Settings } from './databox.ts';
import { openDoor, type Door } from './door.ts';
import { startEngine, type Engine } from './engine.ts';
import { openHouse, rooms, type House, type Room } from './house.ts';
import { loadProbeImage } from './images.ts';
import { createInside, vantage, type Inside, type Vantage } from './inside.ts';
import { startOutside, type Outside } from './net.ts';
import type { Reply } from './outside-sites.ts';
import { createOwner, type Owner } from './owner.ts';

export { addresses } from './addresses.ts';
export { password } from './databox.ts';
export { loadExampleImages, loadForeignImage, probeImage } from './images.ts';
export { probeApp } from './inside.ts';
export { until } from './until.ts';
export { leftovers } from './house.ts';
export * from './estate.ts';
export { appManifest, driverManifest, itemOf, type AnyManifest } from './manifests.ts';
export { askDns, type DnsAnswer } from './dns.ts';
export type { Packet, Probe, Sent } from './probes.ts';
export type { AppAnswer, AppAsk, Inside } from './inside.ts';
export type { Progress } from './admin.ts';
export type { Settings } from './databox.ts';
export type { Owner } from './owner.ts';

export type SiteOptions = {
  address: string;
  names: readonly string[];
  port?: number;
  kind?: CertificateKind;
  reply?: Reply;
  oldProtocol?: boolean;
};

export type Rig = AsyncDisposable & {
  readonly house: House;
  readonly engine: Engine;
  readonly databox: Databox;
  readonly outside: Outside;
  readonly authority: Authority;
  /** TCP connections from inside a room. */
  readonly doors: Record<Room, Door>;
  /** Probes, eyes and ears in a room. */
  readonly rooms: Record<Room, Vantage>;
  /** A new owner without a session. */
  owner(): Owner;
  /** A component's container by its name. */
  inside(component: string): Inside;
  /** Opens an HTTPS site of the outside with a certificate for its names. */
  site(options: SiteOptions): Promise<void>;
};

/** For `afterAll`: a rig that could not be built has removed itself. */
export const endRig = async (rig: Rig | undefined): Promise<void> => rig?.[Symbol.asyncDispose]();

export type RigOptions = {
  settings?: Settings;
  /** Start Databox at once; default true. */
  databox?: boolean;
  /** The box's memory; the machine's unless told. */
  memoryMb?: number;
};

/** Builds the whole rig; disposing removes all of it and fails if anything is left. */
export async function startRig({
  settings = {},
  databox: withDatabox = true,
  memoryMb,
}: RigOptions = {}): Promise<Rig> {
  await using undo = new AsyncDisposableStack();
  const house = undo.use(await openHouse(memoryMb === undefined ? {} : { memoryMb }));
  const authority = await createAuthority();
  const outside = undo.use(await startOutside(house));
  const doors = {
    box: undo.use(await openDoor(house, 'box', addresses.net.dns)),
    lan: undo.use(await openDoor(house, 'lan')),
    net: undo.use(await openDoor(house, 'net')),
  };
  const engine = undo.use(await startEngine(house));
  await loadProbeImage(house, engine);
  const caFile = join(house.dir, outsideCa);
  writeFileSync(caFile, authority.pem);
  const databox = undo.use(
    createDatabox({ house, engine, door: doors.box }, { 'export.ca-file': caFile, ...settings }),
  );
  if (withDatabox) await databox.start();
  const views = rooms.map((room) => [room, vantage((argv) => house.inRoom(room, argv))] as const);
  const kept = undo.move();
  return {
    ...{ house, engine, databox, outside, authority, doors },
    rooms: Object.fromEntries(views) as Record<Room, Vantage>,
    owner: () => createOwner(doors.lan),
    inside: (component) => createInside(engine, component),
    async site({ names, kind = 'good', port = 443, ...site }) {
      await outside.open({ ...site, port, ...(await authority.issue(names, kind)) });
    },
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  };
}
