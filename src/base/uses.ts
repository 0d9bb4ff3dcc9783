/** uses — what the doors of the box tell the access ledger: who used which data, and who moved something. */

/** One use of a datasource. */
export type Use = {
  /** `owner` for the owner. */
  component: string;
  store: string;
  /** Such as `/ts/load`; `*` for all that a store has. */
  datasource: string;
  reads?: number;
  writes?: number;
  readBytes?: number;
  writtenBytes?: number;
};

/** What a component did to an actuator, or was kept from. */
export type Deed = { component: string; target: string; path: string; facts: Record<string, unknown> };
