/** memory — whether what runs here fits into this machine. Pure, but for what the machine says of itself. */
import { totalmem } from 'node:os';

/** What the box itself, its engine and the system need beside the containers: an estimate for a small house. */
export const ownMb = 300;

/** MB that this process and its containers may have together: the machine's, or those of its control group. */
export function machineMb(): number {
  const limit = process.constrainedMemory();
  const total = totalmem();
  return Math.floor((limit > 0 && limit < total ? limit : total) / (1024 * 1024));
}

export type Demand = { components: number; limitMb: number; machineMb: number };

/** Why containers that all use what they may have do not fit; undefined when they do. Each alone must fit, too. */
export function shortage({ components, limitMb, machineMb: has }: Demand): string | undefined {
  const needs = components * limitMb + ownMb;
  if (components === 0 || needs <= has) return undefined;
  return (
    `${components} containers of up to ${limitMb} MB and ${ownMb} MB for Databox are ${needs} MB, ` +
    `but this machine has ${has} MB: if all use what they may, the kernel ends some; lower container.memory-mb`
  );
}
