/**
 * Takes every step, one after the other, whatever becomes of those before: for taking away, where one part that resists
 * must keep no other from going.
 * @throws the first failure, after everything was tried
 */
export async function takeAll(steps: readonly (() => unknown)[]): Promise<void> {
  const faults: unknown[] = [];
  for (const step of steps) {
    try {
      await step();
    } catch (err) {
      faults.push(err);
    }
  }
  if (faults.length > 0) throw faults[0];
}
