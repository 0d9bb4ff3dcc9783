/** deadline — a moment of the wall clock, which may be set meanwhile, and may be further off than a timer can be. */
const lookMs = 60_000;

/** Of now, in ms: since the Unix epoch, and of a clock that nobody sets. */
export type Clocks = { wall: () => number; steady: () => number };
const machine: Clocks = { wall: () => Date.now(), steady: () => performance.now() };

export type Deadline = {
  isOver(): boolean;
  /** Takes it back. */
  cancel(): void;
};

/**
 * Calls `act` once, later, when the clock is past `until` (ms since the Unix epoch), or when as much time has gone by as
 * there was until then: a clock that is set back postpones nothing. `Infinity`: never.
 */
export function deadline(until: number, act: () => void, { wall, steady }: Clocks = machine): Deadline {
  const end = steady() + (until - wall());
  const leftMs = (): number => Math.min(until - wall(), end - steady());
  let timer: NodeJS.Timeout | undefined;
  const wait = (): void => {
    timer = setTimeout(() => (leftMs() < 0 ? act() : wait()), Math.min(Math.max(0, leftMs()) + 1, lookMs)).unref();
  };
  if (until !== Infinity) wait();
  return { isOver: () => leftMs() < 0, cancel: () => clearTimeout(timer) };
}
