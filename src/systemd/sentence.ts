/** sentence — how the box does, in the one line that `systemctl status` shows. Pure. */
import { visible } from '../base/visible.ts';

/** What is said of a box, of all that its status holds. */
export type Condition = {
  healthy: boolean;
  problems: readonly string[];
  /** How many are in each state. */
  components: Readonly<Record<string, number>>;
};

/** Longer ones are of no use in a line. */
const longest = 300;

/** `ready with 3 components: 2 running, 1 waiting`, or `degraded: …` and why. Foreign text cannot end the line. */
export function sentenceOf({ healthy, problems, components }: Condition): string {
  const states = Object.entries(components).filter(([, count]) => count > 0);
  const total = states.reduce((sum, [, count]) => sum + count, 0);
  const counts = states.map(([state, count]) => `${count} ${state}`).join(', ');
  const ready = `ready with ${total} ${total === 1 ? 'component' : 'components'}${total > 0 ? `: ${counts}` : ''}`;
  if (healthy && problems.length === 0) return ready;
  return line(`${healthy ? `${ready}; ` : 'degraded: '}${problems.join(' ') || 'the log says why'}`);
}

/** Text as one line of a notification. */
export function line(text: string): string {
  const seen = visible(text);
  return seen.length <= longest ? seen : `${seen.slice(0, longest - 1)}…`;
}
