/** holding — keeps the single addresses on our bridges as they should be. */
import type { Ip } from '../base/ipv4.ts';
import { addressChanges, applyChanges, heldAddresses, type Held } from './links.ts';

/** By bridge; `dbx0` has those of the services. */
export type Addresses = ReadonlyMap<string, ReadonlySet<Ip>>;

export type Holding = {
  /**
   * Makes the bridges have exactly these single addresses. What they have is known from the last call; it is looked up
   * only when the change from there fails.
   * @returns how many changes that took
   * @throws Failure `network.refused`
   */
  hold: (wanted: Addresses) => Promise<number>;
  /** Somebody else may have changed them: the next call looks. */
  mistrust: () => void;
};

export function createHolding(): Holding {
  let known: Addresses | undefined;
  return {
    async hold(wanted) {
      const believed = known;
      known = undefined;
      const lines = believed && addressChanges(asHeld(believed, wanted), wanted);
      const done = lines && (await applyChanges(lines).then(() => lines.length, () => undefined)); // prettier-ignore
      const count = done ?? (await change(wanted));
      known = wanted;
      return count;
    },
    mistrust: () => void (known = undefined),
  };
}

async function change(wanted: Addresses): Promise<number> {
  const lines = addressChanges(await heldAddresses(), wanted);
  await applyChanges(lines);
  return lines.length;
}

/** A bridge that is new has none; if it is not there, the change fails, and a look shows it. */
const asHeld = (known: Addresses, wanted: Addresses): Map<string, Held[]> =>
  new Map([...wanted.keys()].map((dev) => [dev, [...(known.get(dev) ?? [])].map((ip) => ({ ip, prefix: 32 }))]));

export const both = (a: Addresses, b: Addresses): Addresses =>
  new Map([...a.keys(), ...b.keys()].map((dev) => [dev, new Set([...(a.get(dev) ?? []), ...(b.get(dev) ?? [])])]));
