/** Shapes of what the owner's doors answer. Each is held to its type: neither has a member that the other lacks. */
import { z } from 'zod';
import { type Entry, ManifestShape, type Repository } from '../../../appstore/index.ts';
import { HypercatItem, like } from '../../../base/api.ts';
import type { Excess } from '../../../base/excess.ts';
import { failures, type FailureCode } from '../../../base/errors.ts';
import { LedgerEntryShape } from '../../../export/index.ts';
import type { NetworkView } from '../../../network/index.ts';
import { BackupHeader, type Retention, type Statistics } from '../../../store/index.ts';
import type { ComponentStatus, Review, Status } from '../../face.ts';
import { Sla as Agreement } from '../../sla.ts';

export const Manifest = ManifestShape.meta({ id: 'Manifest', description: 'see manifest.md' });
/** What may be posted: other spellings and absent members too. */
export const PostedManifest = z
  .record(z.string(), z.unknown())
  .meta({ id: 'PostedManifest', description: 'a manifest as its author wrote it; see manifest.md' });

const state = z.enum(['waiting', 'preparing', 'starting', 'running', 'complete', 'failed', 'shutdown']);
export const Component = like<ComponentStatus>()(
  z.strictObject({
    name: z.string(),
    type: z.enum(['app', 'driver', 'store', 'system']),
    desiredState: z.enum(['running', 'shutdown']),
    state,
    status: state,
    error: z.string().exactOptional(),
    waitingFor: z.array(z.string()).exactOptional(),
    restarts: z.int(),
    origin: z.string().nullable(),
    image: z.string().nullable(),
  }),
).meta({ id: 'Component' });

export const BoxStatus = like<Status>()(
  z.strictObject({
    version: z.string(),
    release: z.string(),
    startedAt: z.number(),
    pool: z.string(),
    healthy: z.boolean(),
    problems: z.array(z.string()),
    clockJumps: z.array(z.strictObject({ from: z.number(), to: z.number() })),
    components: z.record(state, z.int()),
    stores: z.int(),
  }),
).meta({ id: 'Status' });

const Ask = z.strictObject({
  kind: z.enum(['read', 'control', 'call', 'export', 'external', 'local', 'store', 'package', 'origin']),
  sentence: z.string(),
  detail: z.string(),
});
const Wish = z.strictObject({
  clientid: z.string(),
  name: z.string(),
  type: z.string(),
  required: z.boolean(),
  min: z.int(),
  max: z.int(),
  chosen: z.array(z.string()),
  candidates: z.array(HypercatItem),
});
export const ReviewShape = like<Review>()(
  z.strictObject({
    manifest: Manifest,
    warnings: z.array(z.string()),
    origin: z.string(),
    asks: z.array(Ask),
    datasources: z.array(Wish),
    image: z.strictObject({ reference: z.string(), id: z.string().nullable(), preferred: z.string() }),
    changed: z.array(z.string()).nullable(),
    risk: z.number().min(0).max(5),
    installed: z.boolean(),
  }),
).meta({ id: 'Review' });

export const SlaShape = Agreement.extend({ manifest: Manifest }).meta({ id: 'Sla', description: 'see agreements.md' });

export const EntryShape = like<Entry>()(
  z.strictObject({
    ...{ manifest: Manifest, warnings: z.array(z.string()) },
    ...{ origin: z.string(), commit: z.string().nullable() },
  }),
).meta({ id: 'Entry' });

const codes = Object.keys(failures) as FailureCode[];
export const RepositoryShape = like<Repository>()(
  z.strictObject({
    name: z.string(),
    url: z.string(),
    official: z.boolean(),
    commit: z.string().nullable(),
    ref: z.string().nullable(),
    syncedAt: z.number().nullable(),
    manifests: z.int(),
    broken: z.array(z.strictObject({ file: z.string(), faults: z.array(z.string()) })),
    clashes: z.array(z.strictObject({ name: z.string(), file: z.string(), heldBy: z.string() })),
    problem: z.strictObject({ code: z.enum(codes), title: z.string() }).nullable(),
  }),
).meta({ id: 'Repository' });

export const Ledger = LedgerEntryShape.meta({ id: 'LedgerEntry', description: 'see export.md' });

const kept = { keepMs: z.int().nullable(), maxBytes: z.int().nullable() };
const Stored = z.strictObject({ id: z.string(), kind: z.enum(['ts', 'ts/blob', 'kv']), entries: z.int(), ...kept });
export const RetentionShape = like<Retention>()(
  z.strictObject({ id: z.string(), kind: z.enum(['ts', 'ts/blob']), ...kept }),
).meta({ id: 'Retention', description: 'what is kept of a series; null: no limit' });
export const StoreShape = like<Statistics & { name: string }>()(
  z.strictObject({ name: z.string(), bytes: z.int(), datasources: z.array(Stored) }),
).meta({ id: 'Store' });

export const RestoredShape = z
  .strictObject({
    restored: BackupHeader,
    setAside: z.string().nullable().meta({ description: 'where the damaged data that was replaced lies' }),
  })
  .meta({ id: 'Restored' });

const protocol = z.enum(['tcp', 'udp']);
const Place = z.strictObject({
  network: z.string(),
  bridge: z.string(),
  subnet: z.string(),
  gateway: z.string(),
  address: z.string(),
  managerAddress: z.string(),
  resolvConf: z.string(),
});
const PeerShape = z.strictObject({
  name: z.string(),
  address: z.string(),
  ports: z.array(z.strictObject({ protocol, port: z.int() })),
  accepted: z.int(),
  refused: z.int(),
});
const RefusedFlow = z.strictObject({
  at: z.number(),
  component: z.string(),
  src: z.string(),
  dst: z.string(),
  protocol: z.enum(['tcp', 'udp', 'icmp', 'other']),
  port: z.int(),
  count: z.int(),
});
const ExcessShape = z.strictObject({
  component: z.string(),
  service: z.string(),
  what: z.enum(['requests', 'connections']),
  count: z.int(),
  at: z.number(),
});
export const NetworkShape = like<NetworkView & { excess: Excess[] }>()(
  z.strictObject({
    pool: z.string(),
    components: z.array(z.strictObject({ name: z.string(), place: Place, peers: z.array(PeerShape) })),
    refused: z.array(RefusedFlow),
    unlisted: z.array(z.strictObject({ component: z.string(), src: z.string(), count: z.int() })),
    names: z.array(z.strictObject({ component: z.string(), name: z.string(), count: z.int() })),
    withheld: z.array(
      z.strictObject({ component: z.string(), name: z.string(), addresses: z.array(z.string()).readonly() }),
    ),
    healthy: z.boolean(),
    problems: z.array(z.string()),
    excess: z.array(ExcessShape),
  }),
).meta({ id: 'Network' });
